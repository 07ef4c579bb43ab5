package contract_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/payment"
)

// The verdicts on a value of a field.
const (
	read    = "read"    // it changes the event
	absent  = "absent"  // the event is as without the field, and docs/events.md says so
	refused = "refused" // invalid_field or unknown_type, with what to write
)

// kinds are values of every JSON type. The last two are how databases and protocol buffers export times.
func kinds(good string) map[string]string {
	return map[string]string{
		"good": good, "null": `null`, "empty": `""`, "space": `" "`, "word": `"-"`, "number": `7`, "fraction": `7.5`, "bool": `true`, "list": `["a"]`, "empty list": `[]`,
		"object": `{"a":"b"}`, "$date": `{"$date":"2026-03-01T09:00:00Z"}`, "seconds": `{"seconds":1772359200}`, "list of times": `["2026-03-01T09:00:00Z"]`,
	}
}

// kindRule says which values of a field are not refused.
type kindRule struct{ good, read, absent string }

// kindRules returns docs/events.md as a table: by form and field, which JSON types are read and which stand for a
// missing field.
func kindRules() map[string]map[string]kindRule {
	const objects = "object $date seconds"
	name := func(good string) kindRule { return kindRule{good, "good word", "null empty space"} }
	both := map[string]kindRule{
		"type": {good: `"refund"`}, "id": {good: `"e2"`, read: "good word"}, "transaction_id": {good: `"t2"`, read: "good word"}, "user_id": {good: `"u2"`, read: "good word"},
		"amount": {good: "5", read: "good number"}, "currency": {good: `"EUR"`, read: "good"}, "status": {good: `"failed"`, read: "good"},
		"mode": name(`"upi"`), "instrument": name(`"sbi"`), "gateway": name(`"payu"`),
		"decline":      {good: `"business"`, absent: "good word null empty space"}, // of a success there is none
		"decline_code": name(`"U30"`), "latency_ms": {good: "850", read: "good number", absent: "null"},
		"attributes": {good: `{"a":"b"}`, read: "good " + objects, absent: "null"},
		"created_at": {good: `"2026-03-01T09:00:00Z"`, read: "good", absent: "null empty"},
		"updated_at": {good: `"2026-03-01T09:00:00Z"`, read: "good", absent: "null empty space word"},
	}
	for _, label := range payment.LabelNames() {
		both[label] = name(`"swiggy"`)
	}
	everything := kindRule{good: `"x1"`, absent: "*"} // of the other form, or kept as it is: it decides nothing
	form := func(more map[string]kindRule) map[string]kindRule {
		out := map[string]kindRule{}
		for _, rules := range []map[string]kindRule{both, more} {
			for field, rule := range rules {
				out[field] = rule
			}
		}
		return out
	}
	clock := map[string]kindRule{"type": {good: `"refund"`}, "at": {good: `"2026-03-01T09:00:00Z"`, read: "good"}}
	for field := range both {
		if field != "type" {
			clock[field] = everything
		}
	}
	clock["reversal_id"], clock["attempt_id"] = everything, everything
	return map[string]map[string]kindRule{
		basePayment: form(map[string]kindRule{"attempt_id": {`"a1"`, "good word", "null empty"}, "reversal_id": everything, "at": everything}),
		baseReversal: form(map[string]kindRule{
			"amount": {"5", "good number", "null"}, "status": {`"failed"`, "good", "null empty"}, "reversal_id": {`"r1"`, "good word", "null empty"},
			"attempt_id": everything, "at": everything,
		}),
		baseClock: clock,
	}
}

// verdictOf returns the field's verdict and, of a refusal, its detail.
func verdictOf(t *testing.T, event string, without payment.Normalised) (verdict string, found *payment.Refusal) {
	t.Helper()
	in, err := paymentcodec.Payments{}.Decode([]byte(event))
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	n, found := payment.Normalise(in, payment.Origin{Timestamp: at}, payment.DefaultConfig())
	if n.Event != nil {
		n.Event.Extra = nil
	}
	switch {
	case found != nil:
		return refused, found
	case reflect.DeepEqual(n, without):
		return absent, nil
	default:
		return read, nil
	}
}

// Every field of the event, given as every JSON type, is read, refused with what to write, or stands for a missing
// field where the docs say so: never does a value become missing, or unknown, that docs/events.md does not name. The
// schema agrees.
func TestEveryFieldOfEveryKind(t *testing.T) {
	schema := compiled(t, "payments", false)
	for base, rules := range kindRules() {
		if diff := cmp.Diff(fieldsOfEvents(t), keysOf(rules)); diff != "" {
			t.Errorf("%s: fields of the event and of this table: %s", base, diff)
		}
		for field, rule := range rules {
			bare := unset(t, base, field)
			_, _ = verdictOf(t, bare, payment.Normalised{})
			in, err := paymentcodec.Payments{}.Decode([]byte(bare))
			if err != nil {
				t.Fatal(err)
			}
			without, _ := payment.Normalise(in, payment.Origin{Timestamp: at}, payment.DefaultConfig())
			for kind, value := range kinds(rule.good) {
				event := set(t, base, field, value)
				got, found := verdictOf(t, event, without)
				want := refused
				switch {
				case listed(rule.read, kind):
					want = read
				case rule.absent == "*" || listed(rule.absent, kind):
					want = absent
				}
				if got != want {
					t.Errorf("%s %s: %s, want %s (%v)", event, kind, got, want, found)
					continue
				}
				if found != nil && (found.Field != field || !strings.Contains(found.Detail, "write ")) {
					t.Errorf("%s: %s says %q, not what to write", event, found.Field, found.Detail)
				}
				if wrong := schema.Validate(parsed(t, []byte(event))); (wrong == nil) != (got != refused) && !forgiven(field, kind) {
					t.Errorf("%s: intake says %s, the schema %v", event, got, wrong)
				}
			}
		}
	}
}

// forgiven are values that intake forgives and the schema refuses, or knows no list of: see looser and stricter.
func forgiven(field, kind string) bool {
	switch field {
	case "updated_at":
		return kind == "empty" || kind == "space" || kind == "word"
	case "created_at":
		return kind == "empty"
	default:
		return false
	}
}

func listed(names, name string) bool { return strings.Contains(" "+names+" ", " "+name+" ") }

func keysOf[V any](m map[string]V) map[string]bool {
	out := map[string]bool{}
	for key := range m {
		out[key] = true
	}
	return out
}

// fieldsOfEvents returns the fields that the codec reads.
func fieldsOfEvents(t *testing.T) map[string]bool {
	t.Helper()
	written, err := paymentcodec.Payments{}.Encode(fullInput())
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(written, &fields); err != nil {
		t.Fatal(err)
	}
	return keysOf(fields)
}

// fullInput has a text in every field.
func fullInput() *payment.Input {
	in := &payment.Input{}
	text := payment.Value{Kind: payment.String, Text: "clock"} // of clocks alone the codec writes `at`
	for _, field := range reflect.ValueOf(in).Elem().Fields() {
		switch to := field.Addr().Interface().(type) {
		case *payment.Value:
			*to = text
		case *payment.LabelValues:
			for i := range to {
				to[i] = text
			}
		}
	}
	return in
}

func set(t *testing.T, base, field, value string) string {
	t.Helper()
	return merge(t, base, `{"`+field+`":`+value+`}`)
}

func unset(t *testing.T, base, field string) string {
	t.Helper()
	out := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(base), &out); err != nil {
		t.Fatal(err)
	}
	delete(out, field)
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
