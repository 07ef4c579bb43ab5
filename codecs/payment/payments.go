package payment

import (
	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/payment"
)

// Payments is the codec of the payments topic: the JSON of the input contract. Decode is strict: one object of valid
// UTF-8, no key twice at any level, no number beyond a double. Its errors are *payment.Refusal with reason too_large or
// malformed; whether the fields make sense is for payment.Normalise to say.
type Payments struct{}

// Encode writes the fields that in has, in the contract's order, then its unknown ones.
func (Payments) Encode(in *payment.Input) ([]byte, error) {
	w := newJSONObject(256 + len(in.Extra))
	for _, f := range inputFields(in) {
		switch {
		case f.name == "at" && in.Type.Text != "clock": // elsewhere an unknown field, kept in Extra
		case f.name == "attributes" && f.value.Kind == payment.Object:
			w.members(f.name, in.Members)
		default:
			w.value(f.name, *f.value)
		}
	}
	w.extra(in.Extra)
	return w.end(), nil
}

// Decode reads one record.
func (Payments) Decode(b []byte) (*payment.Input, error) {
	if len(b) > payment.SourceLimit {
		return nil, &payment.Refusal{Reason: payment.TooLarge, Detail: "the record is larger than 1 MiB"}
	}
	in := &payment.Input{}
	problem := scanDocument(string(b), func(m rawMember) {
		f := inputField(in, m.key)
		if f != nil {
			*f = m.value()
			if named(m.key) {
				f.Text = doc.Text(f.Text)
			}
		}
		if m.key == "attributes" && m.kind == payment.Object {
			f.Text = ""
			in.Members = m.members()
			for i := range in.Members {
				in.Members[i].Key, in.Members[i].Value.Text = doc.Text(in.Members[i].Key),
					doc.Text(in.Members[i].Value.Text)
			}
		}
		if f == nil || m.key == "at" {
			in.Extra = m.appendTo(in.Extra)
		}
	})
	switch {
	case problem != nil:
		return nil, problem
	case in.Type.Text == "clock":
		in.Extra = nil // a clock moves event time and does nothing else
	case in.Extra != nil:
		in.Extra = append(in.Extra, '}')
	}
	return in, nil
}

// named tells whether a field is a name, which is compared in NFC.
func named(field string) bool {
	switch field {
	case "mode", "instrument", "gateway":
		return true
	default:
		_, label := payment.LabelOf(field)
		return label
	}
}

type inputFieldRef struct {
	name  string
	value *payment.Value
}

// inputFields names the fields of the contract in its order.
func inputFields(in *payment.Input) []inputFieldRef {
	out := []inputFieldRef{
		{"id", &in.ID}, {"type", &in.Type}, {"transaction_id", &in.TransactionID}, {"user_id", &in.UserID},
		{"amount", &in.Amount}, {"currency", &in.Currency}, {"status", &in.Status},
		{"mode", &in.Mode}, {"instrument", &in.Instrument}, {"gateway", &in.Gateway},
	}
	for i, name := range payment.LabelNames() {
		out = append(out, inputFieldRef{name, &in.Labels[i]})
	}
	return append(out, []inputFieldRef{
		{"decline", &in.Decline}, {"decline_code", &in.DeclineCode}, {"latency_ms", &in.LatencyMS},
		{"reversal_id", &in.ReversalID},
		{"attempt_id", &in.AttemptID},
		{"attributes", &in.Attributes}, {"created_at", &in.CreatedAt}, {"updated_at", &in.UpdatedAt}, {"at", &in.At},
	}...)
}

// inputField returns the field of that exact name, nil if the contract has none. It is inputFields as a switch, since
// it runs for every key of every record; a test compares the two.
func inputField(in *payment.Input, name string) *payment.Value {
	switch name {
	case "id":
		return &in.ID
	case "type":
		return &in.Type
	case "transaction_id":
		return &in.TransactionID
	case "user_id":
		return &in.UserID
	case "amount":
		return &in.Amount
	case "currency":
		return &in.Currency
	case "status":
		return &in.Status
	case "mode":
		return &in.Mode
	case "instrument":
		return &in.Instrument
	case "gateway":
		return &in.Gateway
	case "decline":
		return &in.Decline
	case "decline_code":
		return &in.DeclineCode
	case "latency_ms":
		return &in.LatencyMS
	case "reversal_id":
		return &in.ReversalID
	case "attempt_id":
		return &in.AttemptID
	case "attributes":
		return &in.Attributes
	case "created_at":
		return &in.CreatedAt
	case "updated_at":
		return &in.UpdatedAt
	case "at":
		return &in.At
	default:
		if label, ok := payment.LabelOf(name); ok {
			return &in.Labels[label]
		}
		return nil
	}
}
