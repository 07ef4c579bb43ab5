package payment

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
)

var appended = instant.Of(time.Date(2026, 3, 1, 10, 0, 2, 0, time.UTC))

func origin() Origin {
	return Origin{Topic: "payments", Partition: 3, Offset: 42, Timestamp: appended, Key: []byte("txn_1")}
}

func str(s string) Value    { return Value{String, s} }
func num(s string) Value    { return Value{Number, s} }
func at(s string) Value     { return Value{String, s} }
func null() Value           { return Value{Kind: Null} }
func millis(s string) int64 { t, _ := time.Parse(time.RFC3339Nano, s); return t.UnixMilli() }

func sample() *Input {
	return &Input{
		ID: str("evt_1"), Type: str("payment"), TransactionID: str("txn_1"), UserID: str("usr_1"), Amount: num("12550"), Currency: str("INR"),
		Status: str("success"), Mode: str(" UPI "), Instrument: str("SBI"), Gateway: str("Razorpay"), Labels: LabelValues{Merchant: str("Swiggy"), Category: str("Food")},
		Decline: str(""), LatencyMS: num("840"), Attributes: Value{Kind: Object},
		Members:   []Member{{"card", str("famcard")}, {"app", str("GPay")}, {"n", num("1.50")}, {"none", null()}, {"b", Value{Bool, "true"}}},
		CreatedAt: at("2026-03-01T10:00:00Z"), UpdatedAt: at("2026-03-01T10:00:01.250Z"), Extra: []byte(`{"x":1}`),
	}
}

func normalise(t *testing.T, in *Input) *Event {
	t.Helper()
	n, problem := Normalise(in, origin(), DefaultConfig())
	if problem != nil {
		t.Fatalf("refused: %v", problem)
	}
	return n.Event
}

func TestNormaliseSample(t *testing.T) {
	got := normalise(t, sample())
	want := &Event{
		Facts: Facts{
			TransactionID: "txn_1", UserID: "usr_1", AmountMinor: 12550, Currency: "INR", Mode: "upi", Instrument: "sbi", Gateway: "razorpay",
			Labels: Labels{Merchant: "swiggy", Category: "food"}, Attributes: []Attribute{{"app", "GPay"}, {"b", "true"}, {"card", "famcard"}, {"n", "1.50"}},
			CreatedAt: instant.Milli(millis("2026-03-01T10:00:00Z")),
		},
		Origin: origin(), ID: "evt_1", Type: Payment, Status: Success, LatencyMS: 840, UpdatedAt: instant.Milli(millis("2026-03-01T10:00:01.25Z")),
		ReceivedAt: appended, HealthInstruments: []string{"sbi"}, Fingerprint: 0x8d7c5cc61e95c0cf, Extra: []byte(`{"x":1}`),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestNormaliseDefaults(t *testing.T) {
	got := normalise(t, &Input{
		ID: str("r"), Type: str("reversal"), TransactionID: str("t"), UserID: str("u"), Currency: str("inr"), ReversalID: null(), Status: str(""),
		Mode: str("  "), Attributes: null(),
	})
	if got.AmountMinor != 0 || got.ReversalID != "r" || got.Status != Success || got.Currency != "INR" || got.Decline != NoDecline {
		t.Errorf("reversal: %+v", got)
	}
	if got.Mode != Unknown || got.Instrument != Unknown || got.Gateway != Unknown || got.Labels[Merchant] != "" || got.Labels[Category] != "" || got.Attributes != nil {
		t.Errorf("labels: %+v", got)
	}
	if got.UpdatedAt != appended || got.CreatedAt != appended || !reflect.DeepEqual(got.HealthInstruments, []string{Unknown}) {
		t.Errorf("times, instruments: %+v", got)
	}
}

// Each case changes the sample and says what of the event it expects.
func TestNormaliseFields(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Input)
		check  func(*Event) bool
	}{
		"reversal with its own amount and id": {
			func(in *Input) {
				in.Type, in.Amount, in.ReversalID, in.Status = str("reversal"), num("7"), str("rev"), str("failed")
			},
			func(e *Event) bool {
				return e.Type == Reversal && e.AmountMinor == 7 && e.ReversalID == "rev" && e.Status == Failed && e.Decline == NoDecline
			}},
		"a payment has no reversal id":   {func(in *Input) { in.ReversalID = str("rev") }, func(e *Event) bool { return e.ReversalID == "" }},
		"failed, no cause":               {func(in *Input) { in.Status = str("failed") }, func(e *Event) bool { return e.Decline == Technical }},
		"failed, word":                   {func(in *Input) { in.Status, in.Decline = str("failed"), str(" Business") }, func(e *Event) bool { return e.Decline == Business }},
		"failed, code":                   {func(in *Input) { in.Status, in.DeclineCode = str("failed"), str(" z9 ") }, func(e *Event) bool { return e.Decline == Business && e.DeclineCode == "Z9" }},
		"a success has no decline":       {func(in *Input) { in.Decline, in.DeclineCode = str("business"), str("Z9") }, func(e *Event) bool { return e.Decline == NoDecline && e.DeclineCode == "Z9" }},
		"largest amount":                 {func(in *Input) { in.Amount = num("1125899906842624") }, func(e *Event) bool { return e.AmountMinor == money.Max }},
		"ids stay as they are":           {func(in *Input) { in.TransactionID = str(" T/1 ") }, func(e *Event) bool { return e.TransactionID == " T/1 " }},
		"epoch milliseconds":             {func(in *Input) { in.UpdatedAt = num("1772359201250") }, func(e *Event) bool { return e.UpdatedAt == 1772359201250 }},
		"offset, microseconds":           {func(in *Input) { in.UpdatedAt = at("2026-03-01T15:30:01.250999+05:30") }, func(e *Event) bool { return e.UpdatedAt == 1772359201250 }},
		"lower-case time":                {func(in *Input) { in.UpdatedAt = at("2026-03-01t10:00:01.25z") }, func(e *Event) bool { return e.UpdatedAt == 1772359201250 }},
		"created after updated":          {func(in *Input) { in.CreatedAt = at("2026-03-01T10:00:05Z") }, func(e *Event) bool { return e.CreatedAt > e.UpdatedAt }},
		"created defaults to updated":    {func(in *Input) { in.CreatedAt = Value{} }, func(e *Event) bool { return e.CreatedAt == 1772359201250 }},
		"as far ahead as is allowed":     {func(in *Input) { in.UpdatedAt = at("2026-03-01T10:05:02Z") }, func(e *Event) bool { return e.UpdatedAt == appended.Add(5*time.Minute) }},
		"latency null":                   {func(in *Input) { in.LatencyMS = null() }, func(e *Event) bool { return e.LatencyMS == 0 }},
		"nested attribute stays as JSON": {func(in *Input) { in.Members = []Member{{"a", Value{Object, `{"b":[1]}`}}} }, func(e *Event) bool { return e.Attributes[0].Value == `{"b":[1]}` }},
	} {
		in := sample()
		c.change(in)
		if e := normalise(t, in); !c.check(e) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestNormaliseTimeFallback(t *testing.T) {
	for _, v := range []Value{
		{}, null(), str(""), str("yesterday"), str("-"),
	} {
		in := sample()
		in.UpdatedAt = v
		n, problem := Normalise(in, origin(), DefaultConfig())
		if problem != nil || !n.TimeFallback || n.Event.UpdatedAt != appended || n.Event.CreatedAt != instant.Milli(millis("2026-03-01T10:00:00Z")) {
			t.Errorf("%+v: %+v, %v", v, n, problem)
		}
	}
	if n, _ := Normalise(sample(), origin(), DefaultConfig()); n.TimeFallback {
		t.Error("a good time fell back")
	}
}

// TestTimesAreUnderstoodOrRefused: never is a time taken for another one. Each refusal says what to write.
func TestTimesAreUnderstoodOrRefused(t *testing.T) {
	const second = 1772359201_000
	fields := map[string]func(*Input, Value) func(Normalised) instant.Milli{
		"updated_at": func(in *Input, v Value) func(Normalised) instant.Milli {
			in.UpdatedAt = v
			return func(n Normalised) instant.Milli { return n.Event.UpdatedAt }
		},
		"created_at": func(in *Input, v Value) func(Normalised) instant.Milli {
			in.CreatedAt = v
			return func(n Normalised) instant.Milli { return n.Event.CreatedAt }
		},
		"at": func(in *Input, v Value) func(Normalised) instant.Milli {
			in.Type, in.At = str("clock"), v
			return func(n Normalised) instant.Milli { return n.Clock }
		},
	}
	for field, set := range fields {
		for _, v := range []Value{
			num("1772359201"), str("1772359201"), num("1772359201.0"), num("1772359201000"), num("1772359201000.7"), num("1772359201000999"),
			num("1772359201000999999"), str("2026-03-01 10:00:01Z"), str("2026-03-01T15:30:01+05:30"), str("2026-03-01t10:00:01z"),
		} {
			in := sample()
			read := set(in, v)
			n, problem := Normalise(in, origin(), DefaultConfig())
			if problem != nil || read(n) != second || n.TimeFallback {
				t.Errorf("%s %+v: %+v, %v", field, v, n, problem)
			}
		}
		for _, v := range []Value{
			num("0"), num("-5"), num("5"), num("1796024"), num("1e12"), num("-1772359201"), str("0"), str("20260301"), num("123456789012345678901234567890"),
			str("2026-03-01"), str("2026-03-01T10:00:00"), str("2026-02-30T00:00:00Z"), str("01/03/2026 10:00"), str("1970-01-21T18:53:44.168Z"),
			str("1999-12-31T23:59:59.999Z"),
		} {
			in := sample()
			set(in, v)
			_, problem := Normalise(in, origin(), DefaultConfig())
			if problem == nil || problem.Reason != InvalidField || problem.Field != field || !strings.Contains(problem.Detail, "write ") ||
				!strings.Contains(problem.Detail, "RFC 3339") {
				t.Errorf("%s %+v: %v", field, v, problem)
			}
		}
		for _, v := range []Value{str("9999-12-31T23:59:59Z"), num("4102444799"), num("4102444799000000")} {
			in := sample()
			set(in, v)
			if _, problem := Normalise(in, origin(), DefaultConfig()); problem == nil || problem.Reason != FutureTimestamp || problem.Field != field {
				t.Errorf("%s %+v: %v", field, v, problem)
			}
		}
	}
}

func TestNormaliseRefuses(t *testing.T) {
	long := strings.Repeat("x", TextLimit+1)
	for name, c := range map[string]struct {
		change func(*Input)
		reason Reason
		field  string
	}{
		"created_at that is no time":       {func(in *Input) { in.CreatedAt = str("noon") }, InvalidField, "created_at"},
		"created_at before the epoch":      {func(in *Input) { in.CreatedAt = num("-1") }, InvalidField, "created_at"},
		"created_at in the future":         {func(in *Input) { in.CreatedAt = at("2026-03-01T10:05:02.001Z") }, FutureTimestamp, "created_at"},
		"updated_at in the future":         {func(in *Input) { in.UpdatedAt = at("2026-03-01T10:05:02.001Z") }, FutureTimestamp, "updated_at"},
		"clock in the future":              {func(in *Input) { in.Type, in.At = str("clock"), num("1772359502001") }, FutureTimestamp, "at"},
		"clock without a time":             {func(in *Input) { in.Type = str("clock") }, InvalidField, "at"},
		"clock with no time":               {func(in *Input) { in.Type, in.At = str("clock"), str("now") }, InvalidField, "at"},
		"type of another kind":             {func(in *Input) { in.Type = num("1") }, InvalidField, "type"},
		"fields of an unknown type":        {func(in *Input) { in.Type, in.ID = str("refund"), Value{} }, UnknownType, "type"},
		"id not UTF-8":                     {func(in *Input) { in.ID = str("\xff") }, InvalidField, "id"},
		"long user":                        {func(in *Input) { in.UserID = str(long) }, InvalidField, "user_id"},
		"reversal_id of spaces":            {func(in *Input) { in.Type, in.ReversalID = str("reversal"), str(" ") }, InvalidField, "reversal_id"},
		"mode of another kind":             {func(in *Input) { in.Mode = num("1") }, InvalidField, "mode"},
		"long gateway":                     {func(in *Input) { in.Gateway = str(long) }, InvalidField, "gateway"},
		"long code":                        {func(in *Input) { in.DeclineCode = str(long) }, InvalidField, "decline_code"},
		"decline of another kind":          {func(in *Input) { in.Decline = num("1") }, InvalidField, "decline"},
		"latency below 0":                  {func(in *Input) { in.LatencyMS = num("-1") }, InvalidField, "latency_ms"},
		"latency of a time":                {func(in *Input) { in.LatencyMS = num("1772359200000") }, InvalidField, "latency_ms"},
		"latency as text":                  {func(in *Input) { in.LatencyMS = str("5") }, InvalidField, "latency_ms"},
		"attributes as a list":             {func(in *Input) { in.Attributes, in.Members = Value{Array, "[]"}, nil }, InvalidField, "attributes"},
		"attribute with a long key":        {func(in *Input) { in.Members = []Member{{long, str("v")}} }, InvalidField, "attributes"},
		"many attributes":                  {func(in *Input) { in.Members = make([]Member, AttributeLimit+1) }, InvalidField, "attributes"},
		"attribute twice":                  {func(in *Input) { in.Members = []Member{{"a", str("v")}, {"b", str("v")}, {"a", str("v")}} }, InvalidField, "attributes"},
		"the first of several, as written": {func(in *Input) { in.Currency, in.Status, in.TransactionID = str("x"), str("x"), str("") }, InvalidField, "transaction_id"},
	} {
		in := sample()
		c.change(in)
		n, problem := Normalise(in, origin(), DefaultConfig())
		if problem == nil || problem.Reason != c.reason || problem.Field != c.field || n.Event != nil {
			t.Errorf("%s: %+v, want %s of %s", name, problem, c.reason, c.field)
			continue
		}
		if !strings.HasPrefix(problem.Error(), c.field+": ") || problem.DeadLetterReason() != string(c.reason) {
			t.Errorf("%s: error %q", name, problem)
		}
	}
	rec := origin()
	rec.Timestamp = 0
	if _, problem := Normalise(sample(), rec, DefaultConfig()); problem == nil || problem.Reason != InvalidField {
		t.Errorf("record without a timestamp: %v", problem)
	}
}

func TestNormaliseClock(t *testing.T) {
	n, problem := Normalise(&Input{Type: str("clock"), At: at("2026-03-01T10:05:02Z")}, origin(), DefaultConfig())
	if problem != nil || n.Event != nil || n.Clock != appended.Add(5*time.Minute) {
		t.Errorf("%+v, %v", n, problem)
	}
}

func TestHealthInstruments(t *testing.T) {
	cfg := DefaultConfig()
	cfg.HealthInstruments = map[string][]string{"upi": {"instrument", "attributes.app", "gateway"}, "wallet": {"attributes.app"}}
	for name, c := range map[string]struct {
		change func(*Input)
		want   []string
	}{
		"several":           {func(*Input) {}, []string{"sbi", "gpay", "razorpay"}},
		"twice the same":    {func(in *Input) { in.Gateway = str("sbi") }, []string{"sbi", "gpay"}},
		"some missing":      {func(in *Input) { in.Instrument, in.Members = Value{}, nil }, []string{"razorpay"}},
		"all missing":       {func(in *Input) { in.Instrument, in.Members, in.Gateway = Value{}, nil, Value{} }, []string{Unknown}},
		"one, missing":      {func(in *Input) { in.Mode, in.Members = str("wallet"), nil }, []string{Unknown}},
		"one, long":         {func(in *Input) { in.Mode, in.Members = str("wallet"), []Member{{"app", str(strings.Repeat("x", 300))}} }, []string{Unknown}},
		"mode not set":      {func(in *Input) { in.Mode = str("bnpl") }, []string{"sbi"}},
		"mode not set, nil": {func(in *Input) { in.Mode, in.Instrument = str("bnpl"), Value{} }, []string{Unknown}},
	} {
		in := sample()
		c.change(in)
		n, problem := Normalise(in, origin(), cfg)
		if problem != nil || !reflect.DeepEqual(n.Event.HealthInstruments, c.want) {
			t.Errorf("%s: %+v, %v, want %v", name, n.Event, problem, c.want)
		}
	}
}

// Every field that counts changes the fingerprint, what does not count leaves it.
func TestFingerprint(t *testing.T) {
	base := normalise(t, sample()).Fingerprint
	seen := map[uint64]string{base: "sample"}
	for name, change := range map[string]func(*Input){
		"id":          func(in *Input) { in.ID = str("x") },
		"type":        func(in *Input) { in.Type, in.ReversalID = str("reversal"), str("evt_1") },
		"reversal_id": func(in *Input) { in.Type, in.ReversalID = str("reversal"), str("evt_2") },
		"transaction": func(in *Input) { in.TransactionID = str("x") },
		"user":        func(in *Input) { in.UserID = str("x") },
		"amount":      func(in *Input) { in.Amount = num("1") },
		"currency":    func(in *Input) { in.Currency = str("EUR") },
		"status":      func(in *Input) { in.Status = str("pending") },
		"mode":        func(in *Input) { in.Mode = str("x") },
		"instrument":  func(in *Input) { in.Instrument = str("x") },
		"gateway":     func(in *Input) { in.Gateway = str("x") },
		"merchant":    func(in *Input) { in.Labels[Merchant] = str("x") },
		"category":    func(in *Input) { in.Labels[Category] = str("x") },
		"code":        func(in *Input) { in.DeclineCode = str("Z9") },
		"failed":      func(in *Input) { in.Status = str("failed") },
		"decline":     func(in *Input) { in.Status, in.Decline = str("failed"), str("business") },
		"latency":     func(in *Input) { in.LatencyMS = num("1") },
		"attributes":  func(in *Input) { in.Members = in.Members[:1] },
		"created_at":  func(in *Input) { in.CreatedAt = num("1772359200005") },
		"updated_at":  func(in *Input) { in.UpdatedAt = num("1772359200005") },
		"no times":    func(in *Input) { in.UpdatedAt, in.CreatedAt = Value{}, Value{} },
		"no updated":  func(in *Input) { in.UpdatedAt = Value{} },
	} {
		in := sample()
		change(in)
		f := normalise(t, in).Fingerprint
		if other, there := seen[f]; there {
			t.Errorf("%s has the fingerprint of %s", name, other)
		}
		seen[f] = name
	}
	in := sample()
	in.Extra, in.Mode, in.Currency, in.UpdatedAt = nil, str("upi"), str("inr"), num("1772359201250")
	in.Members[0], in.Members[1] = in.Members[1], in.Members[0]
	if normalise(t, in).Fingerprint != base {
		t.Error("the same content in other words has another fingerprint")
	}
	retry, first := origin(), sample()
	first.UpdatedAt, first.CreatedAt = Value{}, Value{}
	retry.Timestamp += 5000
	n, _ := Normalise(first, retry, DefaultConfig())
	if n.Event.Fingerprint != normalise(t, first).Fingerprint {
		t.Error("a retry without a time has another fingerprint")
	}
}
