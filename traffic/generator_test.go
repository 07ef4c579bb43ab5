package traffic

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

// line is an event as a reader of the input contract sees it.
type line struct {
	ID            string            `json:"id"`
	Type          string            `json:"type"`
	TransactionID string            `json:"transaction_id"`
	UserID        string            `json:"user_id"`
	ReversalID    string            `json:"reversal_id"`
	Amount        int64             `json:"amount"`
	Currency      string            `json:"currency"`
	Status        string            `json:"status"`
	Mode          string            `json:"mode"`
	Instrument    string            `json:"instrument"`
	Gateway       string            `json:"gateway"`
	Merchant      string            `json:"merchant"`
	Category      string            `json:"category"`
	Decline       string            `json:"decline"`
	DeclineCode   string            `json:"decline_code"`
	Attributes    map[string]string `json:"attributes"`
	CreatedAt     any               `json:"created_at"`
	UpdatedAt     any               `json:"updated_at"`
}

func (l line) time(t *testing.T, v any) time.Time {
	t.Helper()
	switch v := v.(type) {
	case float64:
		return time.UnixMilli(int64(v)).UTC()
	case string:
		at, err := time.Parse(time.RFC3339Nano, v)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	t.Fatalf("no time: %v", v)
	return time.Time{}
}

func generate(t testing.TB, cfg Config) []Record {
	t.Helper()
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out []Record
	for r, ok := g.Next(); ok; r, ok = g.Next() {
		out = append(out, r)
	}
	return out
}

func parse(t testing.TB, r Record) line {
	t.Helper()
	var l line
	if err := json.Unmarshal(r.Value, &l); err != nil {
		t.Fatalf("%s: %v", r.Value, err)
	}
	return l
}

func hash(records []Record) string {
	h := sha256.New()
	for _, r := range records {
		h.Write([]byte(r.At.Format(time.RFC3339Nano) + r.Key))
		h.Write(r.Value)
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// anything is a Config in which everything happens often.
func anything(count int64) Config {
	c := DefaultConfig()
	c.Count, c.Users, c.Merchants = count, 500, 100
	c.Rate, c.RefundWithin = 50, 2*time.Minute
	c.Hanging, c.Overdue, c.LateSuccess, c.Refunds, c.Late = 0.01, 0.005, 0.05, 0.1, 0.02
	c.Duplicates, c.Altered, c.Anomalies, c.Poison = 0.02, 0.005, 0.005, 0.005
	c.Retries = 0.1
	return c
}

func TestSameSeedSameBytes(t *testing.T) {
	const golden = "d3eca7cdd9ebee03"
	first, second := hash(generate(t, anything(20_000))), hash(generate(t, anything(20_000)))
	if first != second {
		t.Fatalf("two runs of one seed differ: %s, %s", first, second)
	}
	if first != golden {
		t.Errorf("hash %s, want %s: recorded runs can no longer be repeated; if that is meant, say so in CHANGELOG.md", first, golden)
	}
	other := anything(20_000)
	other.Seed = 2
	if hash(generate(t, other)) == first {
		t.Error("another seed gives the same bytes")
	}
}

func TestRecordsAreOrderedAndKeyed(t *testing.T) {
	cfg := anything(20_000)
	records := generate(t, cfg)
	last := cfg.From
	for _, r := range records {
		if r.At.Before(last) {
			t.Fatalf("sent at %v after %v", r.At, last)
		}
		last = r.At
		if bytes.ContainsAny(r.Value, "\n\r") {
			t.Fatalf("line end in %.100s", r.Value)
		}
		if r.Kind == Poisoned {
			continue
		}
		l := parse(t, r)
		if l.TransactionID != r.Key {
			t.Fatalf("key %s of %s", r.Key, l.TransactionID)
		}
		updated, created := l.time(t, l.UpdatedAt), l.time(t, l.CreatedAt)
		if updated.After(r.At) || created.After(updated) {
			t.Fatalf("created %v, updated %v, sent %v", created, updated, r.At)
		}
		if r.At.Sub(updated) >= 24*time.Hour {
			t.Fatalf("%v late", r.At.Sub(updated))
		}
	}
	if len(records) != 20_000 {
		t.Fatalf("%d lines", len(records))
	}
}

func TestUpiRatesFollowTheTable(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Count, cfg.Rate, cfg.Users = 400_000, 5_000, 1000
	cfg.Hanging, cfg.Overdue, cfg.LateSuccess, cfg.Pending, cfg.Anomalies = 0, 0, 0, 0, 0
	type tally struct{ n, success, business, technical float64 }
	got := map[string]*tally{}
	var upi, payments float64
	for _, r := range generate(t, cfg) {
		if r.Kind != Payment {
			continue
		}
		l := parse(t, r)
		payments++
		if l.Mode != "upi" {
			continue
		}
		upi++
		name := strings.ToLower(strings.TrimSpace(l.Instrument))
		if got[name] == nil {
			got[name] = &tally{}
		}
		b := got[name]
		b.n++
		switch {
		case l.Status == "success":
			b.success++
		case l.Decline == "business" || l.DeclineCode == "Z9":
			b.business++
		default:
			b.technical++
		}
	}
	near := func(what string, got, want, n float64) {
		t.Helper()
		// 4.5 standard deviations of a share of n draws, and the rounding of the published figures.
		if tolerance := 4.5*math.Sqrt(want*(1-want)/n) + 0.0003; math.Abs(got-want) > tolerance {
			t.Errorf("%s: %.4f, want %.4f +-%.4f", what, got, want, tolerance)
		}
	}
	near("share of upi", upi/payments, 0.80, payments)
	var volume, chi float64
	for _, b := range Banks() {
		volume += b.VolumeMillions
	}
	for _, b := range Banks() {
		o := got[b.Instrument]
		if o == nil {
			t.Errorf("%s: no payments", b.Instrument)
			continue
		}
		expected := upi * b.VolumeMillions / volume
		chi += (o.n - expected) * (o.n - expected) / expected
		near(b.Instrument+" approved", o.success/o.n, b.Approved, o.n)
		near(b.Instrument+" business", o.business/o.n, b.Business, o.n)
		near(b.Instrument+" technical", o.technical/o.n, b.Technical, o.n)
	}
	if chi > 90 { // 49 degrees of freedom: p < 0.0004
		t.Errorf("volumes: chi-square %.1f over 50 banks", chi)
	}
}

func TestRateIsKept(t *testing.T) {
	for _, flat := range []bool{true, false} {
		cfg := anything(0)
		cfg.Poison, cfg.Rate, cfg.Flat, cfg.To = 0.01, 5, flat, cfg.From.Add(24*time.Hour)
		n := float64(len(generate(t, cfg)))
		if rate := n / 86_400; math.Abs(rate/cfg.Rate-1) > 0.03 {
			t.Errorf("flat=%v: %.2f lines a second over a day, want %v", flat, rate, cfg.Rate)
		}
	}
}

func TestDayHasItsShape(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Rate, cfg.From = 5, time.Date(2026, 2, 28, 18, 30, 0, 0, time.UTC) // midnight in India
	cfg.To = cfg.From.Add(24 * time.Hour)
	var hours [24]int
	for _, r := range generate(t, cfg) {
		hours[int(r.At.Sub(cfg.From)/time.Hour)]++
	}
	if hours[3]*8 > hours[19] {
		t.Errorf("%d lines at three in the night, %d at seven in the evening", hours[3], hours[19])
	}
}

func TestZipf(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Count = 100_000
	users, merchants := map[string]int{}, map[string]int{}
	for _, r := range generate(t, cfg) {
		if r.Kind == Payment {
			l := parse(t, r)
			users[l.UserID]++
			merchants[l.Merchant]++
		}
	}
	if merchants["swiggy"] < 5*merchants["myntra"] || merchants["myntra"] == 0 {
		t.Errorf("swiggy %d, myntra %d", merchants["swiggy"], merchants["myntra"])
	}
	if users["usr_1"] < 20*users["usr_2000"] || len(users) < 3000 {
		t.Errorf("usr_1 %d, usr_2000 %d, %d users", users["usr_1"], users["usr_2000"], len(users))
	}
}

func TestEverythingHappens(t *testing.T) {
	cfg := anything(60_000)
	kinds, poison := map[Kind]int{}, map[int]int{}
	seen := map[string][]byte{} // by transaction and event id
	settled := map[string]int64{}
	var early, late, pendingOnly, returned, unsaid, usd int
	statuses := map[string][]string{}
	for _, r := range generate(t, cfg) {
		kinds[r.Kind]++
		if r.Kind == Poisoned {
			poison[r.Poison]++
			continue
		}
		l := parse(t, r)
		id := l.TransactionID + "/" + l.ID
		before, again := seen[id]
		switch r.Kind {
		case Duplicate:
			if !again || !bytes.Equal(before, r.Value) {
				t.Fatalf("no duplicate: %s of %s", r.Value, before)
			}
			continue
		case Altered:
			if !again || bytes.Equal(before, r.Value) {
				t.Fatalf("not altered: %s of %s", r.Value, before)
			}
			continue
		}
		if again {
			t.Fatalf("event id %s twice", id)
		}
		seen[id] = r.Value
		if l.Currency == "USD" {
			usd++
		}
		if r.At.Sub(l.time(t, l.UpdatedAt)) > 2*time.Minute {
			late++
		}
		if l.Type == "payment" {
			statuses[l.TransactionID] = append(statuses[l.TransactionID], l.Status)
			if l.Status == "success" {
				settled[l.TransactionID] = l.Amount
			}
			continue
		}
		if _, ok := settled[l.TransactionID]; !ok {
			early++
		}
		if l.Status == "failed" {
			returned++
		}
		if l.Amount == 0 {
			unsaid++
		}
	}
	for _, s := range statuses {
		if len(s) == 1 && s[0] == "pending" {
			pendingOnly++
		}
	}
	for what, n := range map[string]int{
		"payments": kinds[Payment], "reversals": kinds[Reversal], "duplicates": kinds[Duplicate], "altered": kinds[Altered],
		"early reversals": early, "late events": late, "hanging payments": pendingOnly, "failed reversals": returned,
		"reversals without amount": unsaid, "payments in USD": usd,
	} {
		if n < 10 {
			t.Errorf("%d %s", n, what)
		}
	}
	for i, p := range Poisons() {
		if poison[i] == 0 {
			t.Errorf("no poison of class %s", p.Class)
		}
	}
}

func TestOutageOfAGateway(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Rate, cfg.Flat = 500, true
	cfg.To = cfg.From.Add(4 * time.Minute)
	cfg.Outages = []Outage{{Mode: "upi", Instrument: "sbi", Gateway: "payu", From: cfg.From, To: cfg.To}}
	good := map[bool]int{}
	for _, r := range generate(t, cfg) {
		if r.Kind != Payment {
			continue
		}
		if l := parse(t, r); l.Mode == "upi" && l.Instrument == "sbi" && l.Status == "success" {
			good[l.Gateway == "payu"]++
		}
	}
	if good[true] > good[false]/100 || good[false] < 1000 { // late payments were made before
		t.Errorf("%d successes by the gateway, %d by others", good[true], good[false])
	}
}

func TestOutageLowersSuccess(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Rate, cfg.Flat, cfg.Hanging = 500, true, 0
	cfg.To = cfg.From.Add(10 * time.Minute)
	cfg.Outages = []Outage{{Mode: "upi", Instrument: "sbi", From: cfg.From.Add(3 * time.Minute), To: cfg.From.Add(6 * time.Minute), SuccessRate: 0.3}}
	var count [2]map[string]float64
	count[0], count[1] = map[string]float64{}, map[string]float64{}
	other := map[string]float64{}
	for _, r := range generate(t, cfg) {
		if r.Kind != Payment {
			continue
		}
		l := parse(t, r)
		created := l.time(t, l.CreatedAt)
		out := !created.Before(cfg.Outages[0].From) && created.Before(cfg.Outages[0].To)
		switch {
		case l.Status == "pending":
		case l.Mode == "upi" && l.Instrument == "sbi" && out:
			count[1][l.Status]++
		case l.Mode == "upi" && l.Instrument == "sbi":
			count[0][l.Status]++
		case out:
			other[l.Status]++
		}
	}
	rate := func(m map[string]float64) float64 { return m["success"] / (m["success"] + m["failed"]) }
	if r := rate(count[1]); math.Abs(r-0.32) > 0.05 { // a tenth of its technical failures hang
		t.Errorf("success rate %.3f in the outage", r)
	}
	if r := rate(count[0]); r < 0.9 {
		t.Errorf("success rate %.3f around the outage", r)
	}
	if r := rate(other); r < 0.88 {
		t.Errorf("success rate %.3f of others during the outage", r)
	}
}

func TestLiveGoesOn(t *testing.T) {
	cfg := anything(100)
	l, err := NewLive(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Count = 5000
	want := generate(t, cfg)
	var got []Record
	for now := cfg.From; len(got) < len(want); now = now.Add(250 * time.Millisecond) {
		for r := range l.Until(now) {
			if !r.At.Before(now) {
				t.Fatalf("%v is not due at %v", r.At, now)
			}
			got = append(got, r)
		}
		if l.Next().Before(now) {
			t.Fatalf("%v is due at %v and was not handed out", l.Next(), now)
		}
	}
	if hash(got[:len(want)]) != hash(want) {
		t.Error("live traffic differs from the generator's")
	}
}

func TestValidateListsEverything(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	c := Config{Rate: -1, Poison: 2, Outages: []Outage{{SuccessRate: 7}}}
	err := c.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, word := range []string{"rate", "from", "users", "merchants", "refund within", "late by", "poison", "outage 0: to", "success rate"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q is not in: %v", word, err)
		}
	}
	if _, err := New(c); err == nil {
		t.Error("New accepts what Validate refuses")
	}
}

func BenchmarkNext(b *testing.B) {
	g, err := New(DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r, _ := g.Next()
		b.SetBytes(int64(len(r.Value)))
	}
}
