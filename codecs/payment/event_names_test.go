package payment

import (
	"testing"

	"github.com/millrace/millrace/domain/payment"
)

// TestNamesAreComparedInNFC: composed and decomposed forms of one word are one merchant, in every named field; ids keep
// their bytes.
func TestNamesAreComparedInNFC(t *testing.T) {
	read := func(e string) *payment.Event {
		t.Helper()
		in, err := Payments{}.Decode([]byte(`{"id":"` + e + `","type":"payment","transaction_id":"` + e + `","user_id":"` + e + `","attempt_id":"` + e +
			`","amount":1,"currency":"INR","status":"success","mode":"` + e + `","instrument":"` + e + `","gateway":"` + e + `","merchant":" CAF` + e +
			` ","category":"` + e + `","attributes":{"` + e + `":"Caf` + e + `"},"updated_at":"2026-03-01T10:00:00Z"}`))
		if err != nil {
			t.Fatal(err)
		}
		n, problem := payment.Normalise(in, paymentsOrigin(), payment.DefaultConfig())
		if problem != nil {
			t.Fatal(problem)
		}
		return n.Event
	}
	const composed, decomposed = "\u00e9", "e\u0301"
	a, b := read(composed), read(decomposed)
	if a.Labels[payment.Merchant] != "café" || b.Labels[payment.Merchant] != a.Labels[payment.Merchant] || b.Mode != a.Mode || b.Instrument != a.Instrument || b.Gateway != a.Gateway ||
		b.Labels[payment.Category] != a.Labels[payment.Category] || b.Attributes[0] != a.Attributes[0] || a.Attributes[0] != (payment.Attribute{Key: composed, Value: "Café"}) {
		t.Errorf("%+v\n%+v", a, b)
	}
	if b.ID != decomposed || b.TransactionID != decomposed || b.UserID != decomposed || b.AttemptID != decomposed || a.ID != composed {
		t.Errorf("ids: %+q, %+q", a.ID, b.ID)
	}
	if a.HealthInstruments[0] != b.HealthInstruments[0] {
		t.Errorf("health: %q, %q", a.HealthInstruments, b.HealthInstruments)
	}
}

// TestAttributesThatBecomeOneKey: two keys of one object that are one name in NFC are refused, as a key that is there
// twice.
func TestAttributesThatBecomeOneKey(t *testing.T) {
	problem := problemOf([]byte(`{"id":"a","type":"payment","transaction_id":"a","user_id":"a","amount":1,"currency":"INR","status":"success",` +
		`"attributes":{"\u00e9":1,"e\u0301":2}}`))
	if problem == nil || problem.Reason != payment.InvalidField || problem.Field != "attributes" {
		t.Errorf("%v", problem)
	}
}
