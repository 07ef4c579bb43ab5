package payment

import "github.com/millrace/millrace/domain/payment"

// EventJSON returns e in the shape of the input contract, so that a dead letter past intake can be read, edited and
// sent to the payments topic again. Decoded and normalised under the same origin it gives e again; only where e's times
// came from its record's timestamp they are now its own, and count in the fingerprint.
func EventJSON(e *payment.Event) []byte {
	w := newJSONObject(320 + len(e.Extra))
	w.text("id", e.ID)
	w.text("type", e.Type.String())
	w.text("transaction_id", e.TransactionID)
	w.text("user_id", e.UserID)
	w.number("amount", e.AmountMinor)
	w.text("currency", e.Currency)
	w.text("status", e.Status.String())
	w.text("mode", e.Mode)
	w.text("instrument", e.Instrument)
	w.text("gateway", e.Gateway)
	for i, name := range payment.LabelNames() {
		w.text(name, e.Labels[i])
	}
	w.text("decline", e.Decline.String())
	w.text("decline_code", e.DeclineCode)
	w.number("latency_ms", e.LatencyMS)
	w.text("reversal_id", e.ReversalID)
	w.text("attempt_id", e.AttemptID)
	if len(e.Attributes) > 0 {
		w.key("attributes")
		inner := newJSONObject(32 * len(e.Attributes))
		for _, a := range e.Attributes {
			inner.key(a.Key)
			inner.b = appendQuoted(inner.b, a.Value)
		}
		w.b = append(w.b, inner.end()...)
	}
	w.text("created_at", e.CreatedAt.String())
	w.text("updated_at", e.UpdatedAt.String())
	w.extra(e.Extra)
	return w.end()
}
