package payment

// fingerprint hashes the normalised known fields and attributes, so that the ledger can tell a repeated event from
// another one under the same id. What Millrace adds (origin, received_at, health instruments) and unknown fields do not
// count, nor do times that were taken from the record's timestamp: a sender's retry has another one. It is FNV-1a over
// length-prefixed fields; ledger rows keep its results, so it must never change.
func fingerprint(e *Event, createdAt, updatedAt int64) uint64 {
	h := fnv(14695981039346656037)
	for _, text := range [...]string{
		e.ID, e.TransactionID, e.UserID, e.Currency, e.Mode, e.Instrument, e.Gateway, e.Labels[Merchant],
		e.Labels[Category], e.ReversalID, e.DeclineCode,
	} {
		h.text(text)
	}
	h.number(uint64(e.Type))
	h.number(uint64(e.Status))
	h.number(uint64(e.Decline))
	h.number(uint64(e.AmountMinor))
	h.number(uint64(e.LatencyMS))
	h.number(uint64(createdAt))
	h.number(uint64(updatedAt))
	for i := range e.Attributes {
		h.text(e.Attributes[i].Key)
		h.text(e.Attributes[i].Value)
	}
	if e.AttemptID != "" { // after pairs, so it is mistaken for nothing else
		h.text(e.AttemptID)
	}
	for l := FirstLabels; l < labelEnd; l++ {
		if e.Labels[l] != "" {
			h.number(uint64(l)) // as no length is: control characters follow, which no key or id has
			h.text(e.Labels[l])
		}
	}
	return uint64(h)
}

type fnv uint64

func (h *fnv) text(s string) {
	h.number(uint64(len(s)))
	for i := range len(s) {
		*h = (*h ^ fnv(s[i])) * 1099511628211
	}
}

func (h *fnv) number(v uint64) {
	for range 8 {
		*h = (*h ^ fnv(v&0xff)) * 1099511628211
		v >>= 8
	}
}
