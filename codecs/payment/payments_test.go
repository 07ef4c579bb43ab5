package payment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/payment/paymenttest"
)

// contractEvent is the example of the input contract.
const contractEvent = `{"id":"evt_1","type":"payment","transaction_id":"txn_1","user_id":"usr_1","amount":12550,"currency":"INR",
 "status":"success","mode":"upi","instrument":"sbi","gateway":"razorpay","merchant":"swiggy","category":"food",
 "decline":"","latency_ms":840,"attributes":{"card":"famcard"},
 "created_at":"2026-03-01T10:00:00Z","updated_at":"2026-03-01T10:00:01.250Z"}`

func paymentsOrigin() payment.Origin {
	at := time.Date(2026, 3, 1, 10, 0, 2, 0, time.UTC)
	return payment.Origin{Topic: "payments", Partition: 3, Offset: 42, Timestamp: instant.Of(at), Key: []byte("txn_1")}
}

func TestPaymentsDecode(t *testing.T) {
	in, err := Payments{}.Decode([]byte(contractEvent))
	if err != nil {
		t.Fatal(err)
	}
	if in.ID != (payment.Value{Kind: payment.String, Text: "evt_1"}) || in.Amount != (payment.Value{Kind: payment.Number, Text: "12550"}) || in.Extra != nil {
		t.Errorf("%+v", in)
	}
	if len(in.Members) != 1 || in.Members[0].Key != "card" || in.Members[0].Value.Text != "famcard" || in.Attributes.Kind != payment.Object {
		t.Errorf("attributes: %+v", in.Members)
	}
	n, problem := payment.Normalise(in, paymentsOrigin(), payment.DefaultConfig())
	if problem != nil || n.Event.AmountMinor != 12550 || n.TimeFallback {
		t.Errorf("%+v, %v", n, problem)
	}
}

func TestPaymentsKeepsUnknownFields(t *testing.T) {
	in, err := Payments{}.Decode([]byte(`{ "x" : { "b" : [ 1 , 2.50, "a \" b" ] } , "Amount":1, "\u0069d":"e\u00e9\n\ud83d\ude00", "at":5, "n":null }`))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"x":{"b":[1,2.50,"a \" b"]},"Amount":1,"at":5,"n":null}`; string(in.Extra) != want {
		t.Errorf("extra %s, want %s", in.Extra, want)
	}
	if in.ID.Text != "eé\n😀" || in.Amount.Kind != payment.Absent {
		t.Errorf("%+v", in)
	}
}

func TestPaymentsLimit(t *testing.T) {
	fits := contractEvent + strings.Repeat(" ", payment.SourceLimit-len(contractEvent))
	if _, err := (Payments{}).Decode([]byte(fits)); err != nil {
		t.Errorf("1 MiB: %v", err)
	}
	if err := decodeError(t, []byte(fits+" ")); err.Reason != payment.TooLarge {
		t.Errorf("1 MiB + 1: %v", err)
	}
	deep := func(n int) []byte {
		return []byte(`{"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}")
	}
	if _, err := (Payments{}).Decode(deep(maxDepth - 1)); err != nil {
		t.Errorf("deepest: %v", err)
	}
	if err := decodeError(t, deep(maxDepth)); err.Reason != payment.Malformed {
		t.Errorf("too deep: %v", err)
	}
}

func decodeError(t *testing.T, b []byte) *payment.Refusal {
	t.Helper()
	var p *payment.Refusal
	if _, err := (Payments{}).Decode(b); !errors.As(err, &p) {
		t.Fatalf("want a problem, got %v", err)
	}
	return p
}

func poisons(t testing.TB) []paymenttest.Poison {
	t.Helper()
	list, err := paymenttest.Poisons()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPoison(t *testing.T) {
	classes := map[string]bool{}
	for _, p := range poisons(t) {
		classes[p.Class] = true
		problem := problemOf(p.Value)
		if problem == nil || problem.Reason != p.Reason || problem.Field != p.Field {
			t.Errorf("%s/%s: %+v, want %s of %q", p.Class, p.Name, problem, p.Reason, p.Field)
		}
	}
	if len(classes) != 16 {
		t.Errorf("%d classes, want 16", len(classes))
	}
}

func problemOf(b []byte) *payment.Refusal {
	in, err := Payments{}.Decode(b)
	var problem *payment.Refusal
	if errors.As(err, &problem) {
		return problem
	}
	_, problem = payment.Normalise(in, paymentsOrigin(), payment.DefaultConfig())
	return problem
}

// A detail goes into headers and answers: it must not repeat what a record says.
func TestProblemsEchoNothing(t *testing.T) {
	secret := "s3cr3t"
	for _, p := range poisons(t) {
		value := bytes.ReplaceAll(p.Value, []byte("evt_p"), []byte(secret))
		value = bytes.ReplaceAll(value, []byte("usr_p"), []byte(secret))
		if problem := problemOf(value); problem != nil && strings.Contains(problem.Error(), secret) {
			t.Errorf("%s/%s: %v", p.Class, p.Name, problem)
		}
	}
	for _, field := range inputFields(&payment.Input{}) {
		value := fmt.Sprintf(`{"type":"payment","id":"a","transaction_id":"a","user_id":"a","currency":"INR","status":"success","amount":1,%q:%q}`, field.name, secret)
		value = strings.Replace(value, fmt.Sprintf("%q:", field.name), `"was":`, strings.Count(value, fmt.Sprintf("%q:", field.name))-1)
		if problem := problemOf([]byte(value)); problem != nil && strings.Contains(problem.Error(), secret) {
			t.Errorf("%s: %v", field.name, problem)
		}
	}
}

func TestInputFieldsAgree(t *testing.T) {
	in := &payment.Input{}
	for _, f := range inputFields(in) {
		if inputField(in, f.name) != f.value {
			t.Errorf("%s: the switch has another field", f.name)
		}
	}
	values := 0
	for i := range reflect.TypeOf(in).Elem().NumField() {
		switch field := reflect.TypeOf(in).Elem().Field(i); field.Type {
		case reflect.TypeFor[payment.Value]():
			values++
		case reflect.TypeFor[payment.LabelValues]():
			values += field.Type.Len()
		}
	}
	if got := len(inputFields(in)); got != values {
		t.Errorf("%d names for %d fields", got, values)
	}
}

func TestPaymentsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		b, err := Payments{}.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(b) {
			t.Fatalf("not JSON: %s", b)
		}
		back, err := Payments{}.Decode(b)
		if err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		if diff := cmp.Diff(in, back); diff != "" {
			t.Fatalf("%s\n%s", b, diff)
		}
	})
}

// drawInput draws records that are mostly good, with every field in odd forms.
func drawInput(t *rapid.T) *payment.Input {
	text := rapid.OneOf(rapid.SampledFrom([]string{"upi", " UPI ", "Swiggy", "", "a/b", "\x00\"\\\n\u2028é😀", "İ", "ẞ", "Z9", "business"}), rapid.Map(rapid.String(), doc.Text))
	str := func(label string) payment.Value {
		return payment.Value{Kind: payment.String, Text: text.Draw(t, label)}
	}
	maybe := func(label string) payment.Value {
		if rapid.Bool().Draw(t, label+"?") {
			return str(label)
		}
		return payment.Value{}
	}
	of := func(label string, list ...string) payment.Value {
		return payment.Value{Kind: payment.String, Text: rapid.SampledFrom(list).Draw(t, label)}
	}
	id := func(label string) payment.Value {
		return payment.Value{Kind: payment.String, Text: rapid.StringMatching(`[ -~]{0,8}x[é☃"\\]?`).Draw(t, label)}
	}
	in := &payment.Input{
		ID: id("id"), TransactionID: id("transaction"), UserID: id("user"), Type: of("type", "payment", "reversal"), Currency: of("currency", "INR", "usd", "JPY"),
		Status: of("status", "pending", "failed", "success"), Mode: maybe("mode"), Instrument: maybe("instrument"), Gateway: maybe("gateway"),
		Labels: payment.LabelValues{payment.Merchant: maybe("merchant"), payment.Category: maybe("category")}, Decline: maybe("decline"), DeclineCode: maybe("code"),
		Amount:    payment.Value{Kind: payment.Number, Text: fmt.Sprint(rapid.Int64Min(1).Draw(t, "amount"))},
		UpdatedAt: of("updated", "2026-03-01T10:00:01.250Z", "2026-03-01T10:00:01+05:30", "never"),
		CreatedAt: of("created", "2026-03-01T10:00:00Z", ""),
	}
	if in.Type.Text == "reversal" && rapid.Bool().Draw(t, "reversal_id?") {
		in.ReversalID = id("reversal_id")
	}
	if in.Type.Text == "payment" && rapid.Bool().Draw(t, "attempt_id?") {
		in.AttemptID = id("attempt_id")
	}
	if rapid.Bool().Draw(t, "latency?") {
		in.LatencyMS = payment.Value{Kind: payment.Number, Text: fmt.Sprint(rapid.Int64Min(0).Draw(t, "latency"))}
	}
	if rapid.Bool().Draw(t, "attributes?") {
		in.Attributes, in.Members = payment.Value{Kind: payment.Object}, []payment.Member{}
		values := []payment.Value{
			str("value"), {Kind: payment.Number, Text: "1.50"}, {Kind: payment.Bool, Text: "true"}, {Kind: payment.Null}, {Kind: payment.Object, Text: `{"a":[null]}`},
		}
		for _, key := range rapid.SliceOfNDistinct(text, 0, 30, rapid.ID[string]).Draw(t, "keys") {
			in.Members = append(in.Members, payment.Member{Key: key, Value: rapid.SampledFrom(values).Draw(t, "member")})
		}
	}
	if rapid.Bool().Draw(t, "extra?") {
		in.Extra = []byte(rapid.SampledFrom([]string{`{"x":1}`, `{"at":5,"y":{"z":["a \" b"]}}`, `{"Amount":-1}`}).Draw(t, "extra"))
	}
	if !bytes.HasPrefix(in.Extra, []byte(`{"at"`)) {
		return in
	}
	in.At = payment.Value{Kind: payment.Number, Text: "5"}
	return in
}

func TestEventJSONNormalisesToTheSameEvent(t *testing.T) {
	good := 0
	rapid.Check(t, func(t *rapid.T) {
		n, problem := payment.Normalise(drawInput(t), paymentsOrigin(), payment.DefaultConfig())
		if problem != nil {
			return
		}
		good++
		b := EventJSON(n.Event)
		in, err := Payments{}.Decode(b)
		if err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		back, problem := payment.Normalise(in, paymentsOrigin(), payment.DefaultConfig())
		if problem != nil {
			t.Fatalf("%v: %s", problem, b)
		}
		if n.TimeFallback { // the time is the event's own now
			back.Event.Fingerprint = n.Event.Fingerprint
		}
		if diff := cmp.Diff(n.Event, back.Event); diff != "" {
			t.Fatalf("%s\n%s", b, diff)
		}
	})
	if good < 20 {
		t.Errorf("only %d good events", good)
	}
}

// FuzzPayments compares the scanner with encoding/json: what it takes is JSON of the same content, what it refuses
// though it is JSON has one of the faults that it looks for.
func FuzzPayments(f *testing.F) {
	f.Add([]byte(contractEvent))
	f.Add([]byte(`{"type":"clock","at":"2026-03-01T10:00:00Z"}`))
	f.Add([]byte(` { "a\u00e9\ud83d\ude00" : [ 1.5e-3 , -0 , { } , [ ] , true , null ] , "attributes" : { "k" : { "l" : "m" } } } `))
	for _, p := range poisons(f) {
		if len(p.Value) < 1<<16 {
			f.Add(p.Value)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := Payments{}.Decode(b)
		if err != nil {
			if json.Valid(b) && !expectedRefusal(b, err) {
				t.Fatalf("refused %q: %v", b, err)
			}
			return
		}
		var want map[string]any
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatalf("took %q, which is not JSON: %v", b, err)
		}
		again, err := Payments{}.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(again, &got); err != nil {
			t.Fatalf("%q became %q: %v", b, again, err)
		}
		if in.Type.Text != "clock" && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q became %q", b, again)
		}
		n, problem := payment.Normalise(in, paymentsOrigin(), payment.DefaultConfig())
		if problem == nil && n.Event != nil {
			if raw, err := (Event{}).Encode(n.Event); err != nil || len(raw) == 0 {
				t.Fatal(err)
			}
		}
	})
}

// expectedRefusal tells whether JSON was refused for what this codec adds to the grammar.
func expectedRefusal(b []byte, err error) bool {
	for _, why := range []string{"not a JSON object", "number out of range", "bad escape"} {
		if strings.Contains(err.Error(), why) {
			return true
		}
	}
	switch {
	case strings.Contains(err.Error(), "not UTF-8"):
		return !utf8.Valid(b)
	case strings.Contains(err.Error(), "nested too deeply"):
		return bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) > maxDepth
	case strings.Contains(err.Error(), "same key twice"):
		return hasTwice(json.NewDecoder(bytes.NewReader(b)))
	default:
		return strings.Contains(err.Error(), "larger than")
	}
}

// hasTwice tells, by the tokens of encoding/json, whether the value at hand has an object with the same key twice.
func hasTwice(d *json.Decoder) bool {
	d.UseNumber()
	token, _ := d.Token()
	keys, twice := map[json.Token]bool{}, false
	for token == json.Delim('{') && d.More() {
		key, err := d.Token()
		if err != nil {
			return twice
		}
		twice = keys[key] || twice
		keys[key] = true
		twice = hasTwice(d) || twice
	}
	for token == json.Delim('[') && d.More() {
		twice = hasTwice(d) || twice
	}
	if token == json.Delim('{') || token == json.Delim('[') {
		_, _ = d.Token()
	}
	return twice
}

func BenchmarkPaymentsDecode(b *testing.B) {
	raw := []byte(contractEvent)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (Payments{}).Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}
