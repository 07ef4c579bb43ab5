package contract_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/payment"
)

// The forms of an event name every field that its codec reads, and no other one.
func TestEventNamesEveryField(t *testing.T) {
	written, err := paymentcodec.Payments{}.Encode(fullInput())
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]string
	if err := json.Unmarshal(written, &fields); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Parts map[string]struct {
			Properties map[string]struct{ Description string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schemas(t)["payments"], &doc); err != nil {
		t.Fatal(err)
	}
	named := map[string]string{}
	for form, part := range doc.Parts {
		for field := range part.Properties {
			named[field] = "clock"
			if field == "reversal_id" && form != "ReversalEvent" || field == "at" && form != "ClockEvent" {
				t.Errorf("%s has %s", form, field)
			}
		}
	}
	if d := cmp.Diff(fields, named); d != "" {
		t.Errorf("codec and schema: %s", d)
	}
}

// base is an event that can be used; the cases below change a field of it each. null takes one away.
const (
	basePayment  = `{"type":"payment","id":"e1","transaction_id":"t1","user_id":"u1","amount":45000,"currency":"INR","status":"success"}`
	baseReversal = `{"type":"reversal","id":"e1","transaction_id":"t1","user_id":"u1","currency":"INR"}`
	baseClock    = `{"type":"clock","at":"2026-03-01T10:00:00Z"}`
)

// looser are changes of an event that its schema cannot refuse: it counts characters, and knows no list of currencies,
// no clock, and no digits of other scripts, for which not every reader of patterns has a word.
func looser() []string {
	return []string{
		`{"id":"` + strings.Repeat("é", 200) + `"}`, `{"id":"a\u0000b"}`, `{"currency":"ZZZ"}`, `{"updated_at":"2030-01-01T00:00:00Z"}`, `{"created_at":"2030-01-01T00:00:00Z"}`,
		`{"updated_at":10000000000}`, `{"updated_at":"7"}`, `{"merchant":"a\u200bb"}`,
		`{"created_at":"1999-12-31T23:59:59Z"}`, `{"created_at":40000000000}`, `{"updated_at":"२०२६-०३-०१T१०:००:००Z"}`, `{"updated_at":"１７७२३५９२००"}`,
	}
}

func changedEvents() map[string][]string {
	wrong := []string{
		`{"type":"refund"}`, `{"type":null}`, `{"id":null}`, `{"id":""}`, `{"id":" "}`, `{"id":7}`, `{"transaction_id":null}`, `{"user_id":{}}`, `{"currency":null}`, `{"currency":"RUPEE"}`,
		`{"currency":356}`, `{"amount":0}`, `{"amount":-1}`, `{"amount":1.5}`, `{"amount":"100"}`, `{"amount":1125899906842625}`, `{"status":"done"}`, `{"mode":1}`, `{"gateway":[]}`,
		`{"latency_ms":-1}`, `{"latency_ms":"fast"}`, `{"attributes":[]}`, `{"attributes":"x"}`, `{"created_at":true}`, `{"updated_at":true}`, `{"updated_at":{"$date":"2026-03-01T10:00:00Z"}}`, `{"updated_at":["2026-03-01T10:00:00Z"]}`, `{"created_at":"yesterday"}`, `{"created_at":-5}`, `{"updated_at":-5}`, `{"updated_at":1796024}`, `{"decline_code":51}`,
		`{"created_at":" "}`, `{"created_at":"-"}`, `{"updated_at":"yesterday at 5"}`, `{"updated_at":"2026-03-01"}`, `{"updated_at":"2026-02-30 10:00:00Z"}`,
		`{"updated_at":"2026-02-29 10:00:00Z"}`, `{"updated_at":"2026-04-31 10:00:00Z"}`, `{"updated_at":"2026-13-01 10:00:00Z"}`, `{"updated_at":"2026-03-00 10:00:00Z"}`,
		`{"updated_at":"2026-03-01 24:00:00Z"}`, `{"updated_at":"2026-03-01 10:60:00Z"}`, `{"updated_at":"2026-03-01 10:00:61Z"}`, `{"updated_at":"2026-03-01 10:00:00"}`,
		`{"updated_at":"2026-03-01 10:00:00+24:00"}`, `{"updated_at":"2026-03-01 10:00:00,5Z"}`, `{"updated_at":"2026-03-01T10:00:00+24:00"}`, `{"updated_at":"2026-03-01  10:00:00Z"}`,
		`{"created_at":5}`, `{"created_at":4102444800000000000}`, `{"created_at":"2026-03-01T10:00:00"}`,
		`{"id":"` + strings.Repeat("x", 257) + `"}`,
	}
	right := []string{
		`{}`, `{"mode":null}`, `{"mode":""}`, `{"mode":"UPI "}`, `{"latency_ms":0}`, `{"latency_ms":null}`, `{"attributes":null}`, `{"attributes":{"a":1,"b":{"c":[null]}}}`, `{"currency":"inr"}`,
		`{"created_at":1772359200000}`, `{"created_at":1772359200}`, `{"created_at":"1772359200"}`, `{"updated_at":1772359200.25}`, `{"updated_at":1772359200000000}`, `{"created_at":null}`, `{"created_at":"2026-03-01T10:00:00.250+05:30"}`, `{"updated_at":1772359200000}`, `{"decline":"issuer"}`, `{"decline_code":"u30"}`,
		`{"created_at":1772359200000000000}`, `{"created_at":""}`, `{"updated_at":""}`, `{"updated_at":" "}`, `{"updated_at":"-"}`, `{"updated_at":"yesterday"}`, `{"updated_at":"n/a\n"}`,
		`{"updated_at":"2026-03-01 10:00:00z"}`, `{"created_at":"2026-03-01 15:30:00.250+05:30"}`, `{"updated_at":"2024-02-29 10:00:00Z"}`, `{"updated_at":"2000-02-29 23:59:59.123456789Z"}`,
		`{"updated_at":"2026-03-01t10:00:00z"}`, `{"updated_at":"2016-12-31 23:59:60Z"}`, `{"updated_at":"2016-12-31T23:59:60Z"}`, `{"updated_at":"2025-12-31 10:00:00-23:59"}`,
		`{"anything":{"else":true}}`, `{"amount":1125899906842624}`,
	}
	return map[string][]string{
		basePayment:  slices.Concat(wrong, right, looser(), []string{`{"amount":null}`, `{"status":null}`, `{"status":"pending"}`, `{"status":""}`}),
		baseReversal: slices.Concat(wrong, right, looser(), []string{`{"status":null}`, `{"status":""}`, `{"status":"failed"}`, `{"amount":null}`, `{"reversal_id":null}`, `{"reversal_id":"r1"}`, `{"reversal_id":7}`}),
		baseClock:    {`{}`, `{"at":1772359200000}`, `{"at":null}`, `{"at":"noon"}`, `{"at":true}`, `{"at":0}`, `{"at":""}`, `{"at":" "}`, `{"at":"-"}`, `{"at":"2026-03-01 10:00:00z"}`, `{"id":7}`},
	}
}

// merge returns an event with the fields of another; null takes the required ones away.
func merge(t *testing.T, base, change string) string {
	t.Helper()
	out := map[string]json.RawMessage{}
	for _, text := range []string{base, change} {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The schema takes an event exactly where intake does.
func TestEventSchemaSaysWhatIntakeSays(t *testing.T) {
	schema := compiled(t, "payments", false)
	taken, refused := 0, 0
	for base, changes := range changedEvents() {
		for _, change := range changes {
			event := merge(t, base, change)
			in, err := paymentcodec.Payments{}.Decode([]byte(event))
			if err != nil {
				t.Fatalf("%s: %v", event, err)
			}
			_, found := payment.Normalise(in, payment.Origin{Timestamp: at}, payment.DefaultConfig())
			wrong := schema.Validate(parsed(t, []byte(event)))
			switch {
			case slices.Contains(looser(), change):
				if found == nil || wrong != nil {
					t.Errorf("%s: intake %v, schema %v; the schema was looser", event, found, wrong)
				}
			case (found == nil) != (wrong == nil):
				t.Errorf("%s: intake says %v, the schema %v", event, found, wrong)
			}
			if wrong == nil {
				taken++
			} else {
				refused++
			}
		}
	}
	if taken < 40 || refused < 50 {
		t.Errorf("%d taken, %d refused", taken, refused)
	}
}
