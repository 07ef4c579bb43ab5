package health

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

// table is the dumbest possible health table: rows by key, loop records in order, everything published.
type table struct {
	t           *rapid.T
	s           Settings
	rows        map[string]*Row
	finals      map[string]*WindowRecord // by closed key
	last        map[string]*WindowRecord
	scores      []*Score
	silences    []*WindowRecord
	corrections int
	late        int
	rejected    []Rejected
}

func newTable(t *rapid.T, s Settings) *table {
	return &table{t: t, s: s, rows: map[string]*Row{}, finals: map[string]*WindowRecord{}, last: map[string]*WindowRecord{}}
}

func (h *table) apply(key string, row *Row, effects []Effect) {
	h.rows[key] = row
	if row == nil {
		delete(h.rows, key)
	}
	for _, e := range effects {
		switch e := e.(type) {
		case Finished:
			at := e.To.Key()
			if h.finals[at] != nil {
				h.t.Fatalf("%s has two finals", at)
			}
			if h.last[at] != nil {
				h.t.Fatalf("%s has a correction before its final", at)
			}
			h.finals[at], h.last[at] = e.Record, e.Record
			h.applyClosed(e.To)
		case Late:
			h.late++
			h.applyClosed(e.To)
		case Corrected:
			at := e.Record.ClosedKey(e.Record.Start)
			want := int64(1)
			if h.last[at] != nil {
				want = h.last[at].Revision + 1
			}
			if e.Record.Revision != want {
				h.t.Fatalf("%s has revision %d, want %d", at, e.Record.Revision, want)
			}
			h.last[at] = e.Record
			h.corrections++
		case Scored:
			h.scores = append(h.scores, e.Score)
		case Rejected:
			h.rejected = append(h.rejected, e)
		case Silent:
			h.silences = append(h.silences, e.Record)
		case Due:
		default:
			h.t.Fatalf("effect %T", e)
		}
	}
}

// frozen calls f and fails if that changed row.
func frozen[R any](t rapid.TB, row R, f func()) {
	before, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	f()
	if after, _ := json.Marshal(row); !bytes.Equal(before, after) {
		t.Fatalf("the old row was changed\nfrom %s\nto   %s", before, after)
	}
}

func (h *table) applyClosed(c *ClosedWindow) {
	var row *Row
	var effects []Effect
	frozen(h.t, h.rows[c.Key()], func() { row, effects = ApplyClosed(h.s, h.rows[c.Key()], c) })
	h.apply(c.Key(), row, effects)
}

func (h *table) settle(w instant.Milli) {
	for _, key := range slices.Sorted(maps.Keys(h.rows)) {
		var row *Row
		var effects []Effect
		frozen(h.t, h.rows[key], func() { row, effects = AdvanceTo(h.s, h.rows[key], w) })
		h.apply(key, row, effects)
	}
}

type arrival struct {
	attempt *ledger.Attempt
	from    Source
}

func drawArrivals(t *rapid.T, span int64) []arrival {
	n := rapid.IntRange(1, 60).Draw(t, "n")
	out := make([]arrival, n)
	for i := range out {
		out[i].attempt = &ledger.Attempt{
			Mode: "upi", Instrument: rapid.SampledFrom([]string{"sbi", "hdfc"}).Draw(t, "instrument"), Gateway: "g1",
			Outcome:   rapid.SampledFrom([]ledger.Outcome{ledger.Succeeded, ledger.FailedTechnical, ledger.FailedBusiness, ledger.TimedOut}).Draw(t, "outcome"),
			At:        instant.Milli(rapid.Int64Range(0, span).Draw(t, "at")),
			LatencyMS: rapid.Int64Range(0, 5000).Draw(t, "latency"),
		}
	}
	return out
}

// plain counts arrivals per window without any notion of time passing.
func plain(s Settings, in []arrival) map[string]*WindowRecord {
	out := map[string]*WindowRecord{}
	values := map[string][]int64{}
	for _, a := range in {
		size := instant.Milli(s.Window / time.Millisecond)
		start := a.attempt.At / size * size
		p := Path{a.attempt.Mode, a.attempt.Instrument, a.attempt.Gateway}
		key := p.ClosedKey(start)
		r := out[key]
		if r == nil {
			r = &WindowRecord{Path: p, ClosedAt: start + size + instant.Milli(s.Grace/time.Millisecond)}
			r.Start, r.End = start, start+size
			r.Sources = []SourceRange{{a.from.Topic, a.from.Partition, a.from.Offset, a.from.Offset}}
			out[key] = r
		}
		r.Samples++
		switch a.attempt.Outcome {
		case ledger.Succeeded:
			r.Counts[ledger.Succeeded]++
		case ledger.FailedTechnical:
			r.Counts[ledger.FailedTechnical]++
		case ledger.FailedBusiness:
			r.Counts[ledger.FailedBusiness]++
		case ledger.TimedOut:
			r.Counts[ledger.TimedOut]++
		}
		if a.attempt.Outcome != ledger.FailedBusiness {
			r.Eligible++
		}
		r.Sources[0].First = min(r.Sources[0].First, a.from.Offset)
		r.Sources[0].Last = max(r.Sources[0].Last, a.from.Offset)
		values[key] = append(values[key], a.attempt.LatencyMS)
	}
	for key, r := range out {
		r.Latency = latencyOf(values[key]).Quantiles()
	}
	return out
}

func TestLastRevisionsEqualAPlainCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := DefaultSettings()
		s.Grace = time.Duration(rapid.IntRange(0, 90).Draw(t, "grace")) * time.Second
		s.Windows = rapid.IntRange(1, 30).Draw(t, "windows")
		in := drawArrivals(t, 20*60_000)
		for i := range in {
			in[i].from = Source{"attempts", 0, int64(i)}
		}
		want := plain(s, in)
		h := newTable(t, s)
		// Each instrument lies on one of two partitions, which have event times of their own.
		partition := map[string]int{"sbi": 0, "hdfc": rapid.IntRange(0, 1).Draw(t, "partition")}
		var times [2]instant.Milli
		for _, a := range rapid.Permutation(in).Draw(t, "order") {
			w := &times[partition[a.attempt.Instrument]]
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0: // restart: of the watermark only what rows remember is left, or less
				*w = instant.Milli(rapid.Int64Range(0, int64(h.reached())).Draw(t, "w after restart"))
			case 1, 2: // the watermark moves, timers may or may not run before the next record
				*w += instant.Milli(rapid.Int64Range(0, 4*60_000).Draw(t, "ahead"))
				if rapid.Bool().Draw(t, "timers") {
					h.settle(*w)
				}
			}
			key := a.attempt.Key()
			var row *Row
			var effects []Effect
			frozen(t, h.rows[key], func() { row, effects = Observe(s, h.rows[key], a.attempt, a.from, *w) })
			h.apply(key, row, effects)
			*w = max(*w, a.attempt.At)
		}
		h.settle(60 * 60_000)
		if len(h.rejected) != 0 {
			t.Fatalf("rejected: %+v", h.rejected)
		}
		got := map[string]*WindowRecord{}
		for key, r := range h.last {
			copied := *r
			copied.Revision = 0
			if r.Samples > 0 {
				got[key] = &copied
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("last revisions (-plain +table): %s", diff)
		}
		if h.late != h.corrections {
			t.Fatalf("%d late attempts, %d corrections", h.late, h.corrections)
		}
		h.checkSmall()
	})
}

func (h *table) reached() instant.Milli {
	var w instant.Milli
	for _, row := range h.rows {
		if row.Series != nil {
			w = max(w, row.Series.Reached)
		}
	}
	return w
}

// checkSmall compares what a series remembers of its closed windows with their own rows.
func (h *table) checkSmall() {
	for _, row := range h.rows {
		if row.Series == nil {
			continue
		}
		for _, small := range row.Series.Last {
			closed := h.rows[row.Series.ClosedKey(small.Start)]
			if closed == nil || closed.Closed.Value.Counts != small.Counts {
				h.t.Fatalf("%v remembers %+v, its row has %+v", small.Span, small.Counts, closed)
			}
		}
		keys := row.Windows()
		if !slices.IsSortedFunc(keys, func(a, b string) int { return len(b) - len(a) + strings.Compare(b, a) }) {
			h.t.Fatalf("windows are not newest first: %v", keys)
		}
	}
}

func at(clock string) instant.Milli {
	d, err := time.ParseDuration(clock)
	if err != nil {
		panic(err)
	}
	return instant.Of(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).Add(d))
}

func attempt(when instant.Milli, o ledger.Outcome) *ledger.Attempt {
	return &ledger.Attempt{Mode: "upi", Instrument: "sbi", Gateway: "razorpay", Outcome: o, At: when, LatencyMS: 40}
}

func TestLateAttemptBeyondTheHorizonIsRejected(t *testing.T) {
	s := DefaultSettings()
	row, _ := Observe(s, nil, attempt(at("0s"), ledger.Succeeded), Source{}, 0)
	w := at("0s").Add(s.CorrectionHorizon)
	if _, effects := Observe(s, row, attempt(at("0s"), ledger.Succeeded), Source{}, w); !hasLate(effects) {
		t.Errorf("exactly at the horizon: %+v", effects)
	}
	_, effects := Observe(s, row, attempt(at("0s"), ledger.Succeeded), Source{}, w+1)
	if got, ok := effects[len(effects)-1].(Rejected); !ok || got.Reason != payment.LateBeyondHorizon {
		t.Errorf("beyond the horizon: %+v", effects)
	}
	if _, effects = Observe(s, nil, attempt(-1, ledger.Succeeded), Source{}, 0); len(effects) != 1 {
		t.Errorf("before the epoch: %+v", effects)
	}
	if _, effects = Observe(s, nil, attempt(at("0s"), 9), Source{}, 0); effects[0].(Rejected).Reason != payment.InvalidField {
		t.Errorf("unknown outcome: %+v", effects)
	}
}

func hasLate(effects []Effect) bool {
	return slices.ContainsFunc(effects, func(e Effect) bool { _, ok := e.(Late); return ok })
}

func TestCorrectionOfTheScore(t *testing.T) {
	s := DefaultSettings()
	var row *Row
	for i, o := range []ledger.Outcome{ledger.Succeeded, ledger.FailedTechnical} {
		row, _ = Observe(s, row, attempt(at("0s").Add(time.Duration(i)*time.Minute), o), Source{}, 0)
	}
	row, effects := AdvanceTo(s, row, at("2m10s"))
	if len(effects) != 5 {
		t.Fatalf("two windows closed, and the next is due: %+v", effects)
	}
	rate, _ := effects[3].(Scored).Score.Pool.Rate()
	if newest := (Counts{ledger.FailedTechnical: 1}); effects[3].(Scored).Score.Window != newest {
		t.Errorf("the newest window has %+v", effects[3].(Scored).Score.Window)
	}
	if effects[3].(Scored).Score.WindowEnd != at("2m") || !(rate > 0.46 && rate < 0.47) { // 0.87/(1+0.87)
		t.Fatalf("score %+v, rate %v", effects[3], rate)
	}
	row, effects = Observe(s, row, attempt(at("1m"), ledger.Succeeded), Source{}, at("2m10s"))
	score := effects[1].(Scored).Score
	if rate, _ = score.Pool.Rate(); !score.Correction || score.Pool.Samples != 3 || score.Window != (Counts{ledger.Succeeded: 1, ledger.FailedTechnical: 1}) || !(rate > 0.65 && rate < 0.66) { // 1.87/2.87
		t.Fatalf("corrected score %+v, rate %v", score, rate)
	}
	// A late attempt out of the sight of the newest window corrects its window, but no score.
	row, _ = Observe(s, row, attempt(at("40m"), ledger.Succeeded), Source{}, at("2m10s"))
	row, _ = AdvanceTo(s, row, at("42m"))
	if n := len(row.Windows()); n != 30 { // the empty ones, too
		t.Errorf("%d windows in sight", n)
	}
	if _, effects = Observe(s, row, attempt(at("1m"), ledger.Succeeded), Source{}, at("42m")); len(effects) != 1 || !hasLate(effects) {
		t.Errorf("late and out of sight: %+v", effects)
	}
}

func TestExpired(t *testing.T) {
	s := DefaultSettings()
	row, _ := ApplyClosed(s, nil, &ClosedWindow{ClosedAt: at("1m10s"), Final: true})
	end := at("1m10s").Add(s.Keep)
	if row.Expired(s, end-1) || !row.Expired(s, end) {
		t.Error("a closed window is kept until its close plus Keep")
	}
	if again, effects := ApplyClosed(s, row, &ClosedWindow{ClosedAt: at("1m10s"), Final: true, Tally: Tally{Counts: Counts{ledger.Succeeded: 1}}}); again != row || effects != nil {
		t.Error("a repeated final changed its window")
	}
}

func TestSettingsNameEveryProblem(t *testing.T) {
	if err := DefaultSettings().Validate(); err != nil {
		t.Fatal(err)
	}
	err := Settings{DegradedBelow: 0.5, DownBelow: 0.7, MaxEjectionPercent: 101, Keep: -1}.Validate()
	if n := len(err.(interface{ Unwrap() []error }).Unwrap()); n != 15 {
		t.Errorf("%d problems: %v", n, err)
	}
}

func TestOpenWindowsAreBounded(t *testing.T) {
	s := DefaultSettings()
	var row *Row
	var effects []Effect
	for i := range maxOpen + 1 {
		row, effects = Observe(s, row, attempt(instant.Milli(i)*60_000, ledger.Succeeded), Source{}, 0)
	}
	if got, ok := effects[0].(Rejected); !ok || got.Reason != payment.RowTooLarge || len(row.Series.Open.Open) != maxOpen {
		t.Errorf("window %d: %+v", maxOpen+1, effects)
	}
	if _, effects = Observe(s, row, attempt(0, ledger.Succeeded), Source{}, 0); len(effects) != 0 {
		t.Errorf("an open window of a full row: %+v", effects)
	}
}

func BenchmarkObserve(b *testing.B) {
	s := DefaultSettings()
	var row *Row
	for i := range b.N {
		a := attempt(at("0s")+instant.Milli(i), ledger.Succeeded)
		a.LatencyMS = int64(i*7919%3000) + 1
		row, _ = Observe(s, row, a, Source{"attempts", 0, int64(i)}, a.At)
	}
}
