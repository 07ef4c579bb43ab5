package codecs

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
)

// TestText: lower case of a Text is in NFC, and a Text of its own.
func TestText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("HTWYjİıßẞée\u0301\u0331\u0308Å\u212b\u0958")))).Draw(t, "s")
		text := Text(s)
		lower := strings.ToLower(text)
		if !norm.NFC.IsNormalString(text) || !norm.NFC.IsNormalString(lower) || Text(text) != text || Text(lower) != lower {
			t.Fatalf("%+q: %+q, lower case %+q", s, text, lower)
		}
		if form := norm.NFD.String(s); strings.ToLower(Text(form)) != lower {
			t.Fatalf("%+q: decomposed %+q, composed %+q", s, Text(form), text)
		}
	})
}

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
	if a.Merchant != "café" || b.Merchant != a.Merchant || b.Mode != a.Mode || b.Instrument != a.Instrument || b.Gateway != a.Gateway ||
		b.Category != a.Category || b.Attributes[0] != a.Attributes[0] || a.Attributes[0] != (payment.Attribute{Key: composed, Value: "Café"}) {
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

// TestDefinitionsAreReadInNFC: what people write about payments is compared with them.
func TestDefinitionsAreReadInNFC(t *testing.T) {
	list, err := ParseMissions(strings.NewReader(`[{"id":"m","title":"M","currency":"INR","goal":{"metric":"count","target":1},
		"filters":[{"id":"merchant","operator":"in","values":["CAFe\u0301 "]},{"id":"attributes.e\u0301","operator":"eq","values":"Cafe\u0301"}],
		"window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-02"},"time_zone":"UTC","reward":{"kind":"coins","amount":1},"status":"active"}]`))
	if err != nil {
		t.Fatal(err)
	}
	filters := mission.Normalize(list[0]).Filters
	if filters[0].Values[0].Text != "café" || filters[1].ID != "attributes.é" || filters[1].Values[0].Text != "Café" {
		t.Errorf("%+q", filters)
	}
}
