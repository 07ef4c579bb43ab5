package codecs

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/window"
)

// sample values of the health codecs.
var (
	samplePath  = health.Path{Mode: "upi", Instrument: "sbi", Gateway: "razorpay"}
	sampleSpan  = window.Span{Start: 1772359200000, End: 1772359260000}
	sampleTally = health.Tally{
		Counts:  health.Counts{Success: 90, Technical: 5, Business: 5},
		Latency: health.Latency{Buckets: []health.Bucket{{Index: 1, Count: 60}, {Index: 2, Count: 35}, {Index: 3, Count: 5}}},
		Sources: []health.SourceRange{{Topic: "attempts", Partition: 0, First: 10, Last: 120}},
	}
	samplePool = health.Pool{WeightedSuccess: 90 << 24, WeightedEligible: 95 << 24, Samples: 100, Eligible: 95}
)

func sampleSeries() *health.Row {
	return &health.Row{Series: &health.Series{
		Path: samplePath, Reached: 1772359270001, Traffic: 1772359259000, Through: 60000, Empty: 3,
		Open: window.Set[health.Tally]{
			Open: []window.Window[health.Tally]{{Span: sampleSpan, Value: sampleTally}}, ClosedTo: 1772359200000,
		},
		Last: []health.Small{{Span: window.Span{Start: 0, End: 60000}, Counts: sampleTally.Counts}},
	}}
}

func sampleClosed() *health.Row {
	return &health.Row{Closed: &health.Closed{
		Path: samplePath, ClosedAt: 1772359270000, Closed: window.Closed[health.Tally]{Span: sampleSpan, Revision: 2, Value: sampleTally},
	}}
}

func sampleLoop() *health.ClosedWindow {
	return &health.ClosedWindow{Path: samplePath, Span: sampleSpan, ClosedAt: 1772359270000, Final: true, Tally: sampleTally}
}

func sampleScore() *health.Score {
	return &health.Score{Path: samplePath, WindowEnd: 1772359260000, Correction: true, Window: sampleTally.Counts, Pool: samplePool}
}

func sampleMode() *health.ModeRow {
	level := health.Level{
		Verdict: health.Verdict{
			Hysteresis: health.Hysteresis{State: health.Down, LowRun: 2}, Since: 1772359260000,
			Reason: "technical rate below 0.70 in 2 windows",
		},
		Before:  health.Verdict{Hysteresis: health.Hysteresis{State: health.Degraded, LowRun: 1}, Since: 1772359200000, Reason: "r"},
		Stepped: 1772359260000, Pool: samplePool,
	}
	up := health.Level{Enabled: true, Verdict: health.Verdict{Reason: "initially up"}}
	return &health.ModeRow{Mode: "upi", Evaluated: 1772359260000, Instruments: []health.Instrument{
		{Name: "hdfc", Level: up},
		{Name: "sbi", Level: level, Gateways: []health.Gateway{
			{Name: "razorpay", Level: level, Scores: []health.Scoring{{End: 1772359260000, Correction: true, Pool: samplePool}}},
		}},
	}}
}

func sampleRecord() *health.WindowRecord {
	return &health.WindowRecord{
		Path: samplePath, Span: sampleSpan, ClosedAt: 1772359270000, Counts: sampleTally.Counts, Samples: 100, Eligible: 95,
		Latency: sampleTally.Latency.Quantiles(), Sources: sampleTally.Sources,
	}
}

func sampleSilence() *health.WindowRecord {
	return &health.WindowRecord{Path: samplePath, Span: window.Span{Start: 1772359260000, End: 1772362920000}, ClosedAt: 1772362930000, Silent: true}
}

func sampleStatus() *health.StatusRecord {
	return &health.StatusRecord{Previous: health.Degraded, WindowEnd: 1772359260000, Standing: health.Standing{
		Mode: "upi", Instrument: "sbi", State: health.Down, Score: 0.6312, Scored: true, Samples: 812, Eligible: 790,
		Since: 1772359260000, Reason: "technical rate below 0.70 in 2 windows",
	}}
}

type codecOf[T any] interface {
	Encode(T) ([]byte, error)
	Decode([]byte) (T, error)
}

// checkGolden compares bytes, as text where they are JSON, and reads them back.
func checkGolden[T any](t *testing.T, c codecOf[T], v T, golden string) {
	t.Helper()
	b, err := c.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	if b[0] != '{' {
		got = hex.EncodeToString(b)
	}
	if got != strings.Join(strings.Fields(golden), " ") {
		t.Errorf("%T is now\n%s", c, got)
	}
	back, err := c.Decode(b)
	if diff := cmp.Diff(v, back); err != nil || diff != "" {
		t.Errorf("%T read back: %v %s", c, err, diff)
	}
}

// fuzzStable checks that whatever a decoder takes is written and read again as the same.
func fuzzStable[T any](f *testing.F, c codecOf[T], seeds ...T) {
	for _, v := range seeds {
		b, err := c.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := c.Decode(b)
		if err != nil {
			return
		}
		again, err := c.Encode(v)
		if err != nil {
			t.Fatalf("decoded, but: %v", err)
		}
		back, err := c.Decode(again)
		if err != nil || !reflect.DeepEqual(v, back) {
			t.Fatalf("%v %s", err, cmp.Diff(v, back))
		}
	})
}

func TestHealthRowGolden(t *testing.T) {
	checkGolden(t, HealthRow{}, sampleSeries(), "010a690a0375706912037362691a0872617a6f72706179222b2080b4b98d956728c0a90730b401380a400a5206013c002300055a0f0a08"+
		"617474656d707473181420dc012880b4b98d9567320b28c0a90730b401380a400a38e2f9c18d956740f0cdc08d956748c0a9075006")
	checkGolden(t, HealthRow{}, sampleClosed(), "0112480a0375706912037362691a0872617a6f727061792080b4b98d956728c0a90730b401380a400a5206013c002300055a0f0a086174"+
		"74656d707473181420dc01600468e0f9c18d9567")
}

func TestClosedWindowGolden(t *testing.T) {
	checkGolden(t, ClosedWindow{}, sampleLoop(), "010a0375706912037362691a0872617a6f727061792080b4b98d956728c0a90730b401380a400a5206013c002300055a0f0a0861747465"+
		"6d707473181420dc01600168e0f9c18d9567")
}

func TestScoreGolden(t *testing.T) {
	checkGolden(t, Score{}, sampleScore(), "010a0375706912037362691a0872617a6f7270617920c0ddc08d9567280130808080a00b38808080f00b40c80148be01520730b401380a40"+
		"0a")
}

func TestModeRowGolden(t *testing.T) {
	checkGolden(t, ModeRow{}, sampleMode(), "010a0375706910c0ddc08d95671a180a046864666312102a0c696e697469616c6c7920757062001aef010a03736269125e0802100420c0"+
		"ddc08d95672a26746563686e6963616c20726174652062656c6f7720302e373020696e20322077696e646f777330808080a00b38808080"+
		"f00b40c80148be0150c0ddc08d95675801620e080110022080b4b98d95672a01721a87010a0872617a6f72706179125e0802100420c0dd"+
		"c08d95672a26746563686e6963616c20726174652062656c6f7720302e373020696e20322077696e646f777330808080a00b38808080f0"+
		"0b40c80148be0150c0ddc08d95675801620e080110022080b4b98d95672a01721a1b08c0ddc08d9567100130808080a00b38808080f00b"+
		"40c80148be01")
}

// The example of CONTRACT.md.
func TestWindowRecordGolden(t *testing.T) {
	checkGolden(t, WindowRecord{}, sampleRecord(), `{"mode":"upi","instrument":"sbi","gateway":"razorpay",`+
		`"start":"2026-03-01T10:00:00.000Z","end":"2026-03-01T10:01:00.000Z","closed_at":"2026-03-01T10:01:10.000Z",`+
		`"revision":0,"success":90,"technical":5,"business":5,"timeout":0,"samples":100,"eligible":95,`+
		`"raw_rate":0.9,"technical_rate":0.9474,"latency_ms":{"p50":1,"p95":2,"p99":3},"source_offsets":{"attempts-0":[10,120]}}`)
	empty := &health.WindowRecord{Path: samplePath, Span: window.Span{End: 60000}, ClosedAt: 70000}
	checkGolden(t, WindowRecord{}, sampleSilence(), `{"mode":"upi","instrument":"sbi","gateway":"razorpay",`+
		`"silent":{"from":"2026-03-01T10:01:00.000Z","to":"2026-03-01T11:02:00.000Z"},"closed_at":"2026-03-01T11:02:10.000Z"}`)
	checkGolden(t, WindowRecord{}, empty, `{"mode":"upi","instrument":"sbi","gateway":"razorpay",`+
		`"start":"1970-01-01T00:00:00.000Z","end":"1970-01-01T00:01:00.000Z","closed_at":"1970-01-01T00:01:10.000Z",`+
		`"revision":0,"success":0,"technical":0,"business":0,"timeout":0,"samples":0,"eligible":0,`+
		`"raw_rate":null,"technical_rate":null,"latency_ms":{"p50":null,"p95":null,"p99":null},"source_offsets":{}}`)
}

func TestStatusRecordGolden(t *testing.T) {
	golden := `{"mode":"upi","instrument":"sbi","gateway":null,"state":"down","enabled":false,"traffic_percent":0,` +
		`"score":0.6312,"samples":812,"eligible":790,"insufficient":false,"forced_until":null,"stale":false,` +
		`"since":"2026-03-01T10:01:00.000Z","reason":"technical rate below 0.70 in 2 windows",` +
		`"previous_state":"degraded","window_end":"2026-03-01T10:01:00.000Z"}`
	checkGolden(t, StatusRecord{}, sampleStatus(), golden)
	if _, err := (StatusRecord{}).Decode([]byte(strings.Replace(golden, `"down"`, `"sideways"`, 1))); err == nil {
		t.Error("took an unknown state")
	}
}

func TestHealthRowsNeedContent(t *testing.T) {
	if _, err := (HealthRow{}).Encode(&health.Row{}); err == nil {
		t.Error("wrote an empty row")
	}
	if _, err := (HealthRow{}).Decode([]byte{healthRowVersion}); err == nil {
		t.Error("read an empty row")
	}
	if _, err := unpackLatency([]byte{0xff, 0x7f, 1}); err == nil {
		t.Error("took a bucket that does not exist")
	}
}

func drawTally(t *rapid.T) health.Tally {
	n := rapid.Int64Range(0, 1<<40)
	out := health.Tally{Counts: health.Counts{
		Success: n.Draw(t, "success"), Technical: n.Draw(t, "technical"), Business: n.Draw(t, "business"), Timeout: n.Draw(t, "timeout"),
	}}
	for _, ms := range rapid.SliceOfN(rapid.Int64(), 0, 8).Draw(t, "latencies") {
		out.Latency = out.Latency.Add(ms)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "sources") {
		out.Sources = append(out.Sources, health.SourceRange{
			Topic: rapid.String().Draw(t, "topic"), Partition: int32(i), First: n.Draw(t, "first"), Last: n.Draw(t, "last"),
		})
	}
	return out
}

func drawSpan(t *rapid.T) window.Span {
	start := rapid.Int64Range(0, 1<<50).Draw(t, "start")
	return window.Span{Start: instant.Milli(start), End: instant.Milli(start + rapid.Int64Range(1, 1<<40).Draw(t, "size"))}
}

func TestHealthRowRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := &health.Row{Series: &health.Series{Path: health.Path{Mode: rapid.String().Draw(t, "mode")}}}
		row.Series.Traffic, row.Series.Through = drawSpan(t).End, drawSpan(t).End
		row.Series.Empty = rapid.IntRange(0, health.MaxEmpty+1).Draw(t, "empty")
		row.Series.Open.ClosedTo = instant.Milli(rapid.Int64().Draw(t, "closed to"))
		for range rapid.IntRange(0, 3).Draw(t, "open") {
			row.Series.Open.Open = append(row.Series.Open.Open, window.Window[health.Tally]{Span: drawSpan(t), Value: drawTally(t)})
		}
		for range rapid.IntRange(0, 3).Draw(t, "last") {
			row.Series.Last = append(row.Series.Last, health.Small{Span: drawSpan(t), Counts: drawTally(t).Counts})
		}
		loop := &health.ClosedWindow{Path: row.Series.Path, Span: drawSpan(t), Final: rapid.Bool().Draw(t, "final"), Tally: drawTally(t)}
		roundTrip(t, HealthRow{}, row)
		roundTrip(t, ClosedWindow{}, loop)
		roundTrip(t, HealthRow{}, &health.Row{Closed: &health.Closed{Path: loop.Path, Closed: window.Closed[health.Tally]{
			Span: loop.Span, Revision: rapid.Int64().Draw(t, "revision"), Value: loop.Tally,
		}}})
	})
}

func roundTrip[T any](t *rapid.T, c codecOf[T], v T) {
	b, err := c.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	back, err := c.Decode(b)
	if diff := cmp.Diff(v, back); err != nil || diff != "" {
		t.Fatalf("%T: %v %s", c, err, diff)
	}
}

func TestRoutingRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := &health.ModeRow{}
		row.Mode, row.Evaluated = rapid.String().Draw(t, "mode"), instant.Milli(rapid.Int64().Draw(t, "evaluated"))
		for range rapid.IntRange(0, 3).Draw(t, "instruments") {
			inst := health.Instrument{Name: rapid.String().Draw(t, "name"), Level: drawLevel(t)}
			for range rapid.IntRange(0, 2).Draw(t, "gateways") {
				g := health.Gateway{Name: rapid.String().Draw(t, "name"), Level: drawLevel(t)}
				for range rapid.IntRange(0, 2).Draw(t, "scores") {
					g.Scores = append(g.Scores, health.Scoring{End: drawSpan(t).End, Correction: rapid.Bool().Draw(t, "correction"), Pool: drawPool(t)})
				}
				inst.Gateways = append(inst.Gateways, g)
			}
			row.Instruments = append(row.Instruments, inst)
		}
		roundTrip(t, ModeRow{}, row)
		roundTrip(t, Score{}, &health.Score{Path: samplePath, WindowEnd: drawSpan(t).End, Window: drawTally(t).Counts, Pool: drawPool(t)})
	})
}

func drawPool(t *rapid.T) health.Pool {
	n := rapid.Int64()
	return health.Pool{WeightedSuccess: n.Draw(t, "ws"), WeightedEligible: n.Draw(t, "we"), Samples: n.Draw(t, "n"), Eligible: n.Draw(t, "e")}
}

func drawLevel(t *rapid.T) health.Level {
	return health.Level{
		Verdict: drawVerdict(t), Before: drawVerdict(t), Stepped: drawSpan(t).End, Pool: drawPool(t),
		Enabled: rapid.Bool().Draw(t, "enabled"),
	}
}

func drawVerdict(t *rapid.T) health.Verdict {
	return health.Verdict{
		Hysteresis: health.Hysteresis{
			State:  health.State(rapid.IntRange(0, 2).Draw(t, "state")),
			LowRun: rapid.IntRange(0, 9).Draw(t, "low"), HighRun: rapid.IntRange(0, 9).Draw(t, "high"),
		},
		Since: drawSpan(t).End, Reason: rapid.String().Draw(t, "reason"),
	}
}

func FuzzHealthRow(f *testing.F) { fuzzStable(f, HealthRow{}, sampleSeries(), sampleClosed()) }

func FuzzClosedWindow(f *testing.F) { fuzzStable(f, ClosedWindow{}, sampleLoop()) }

func FuzzScore(f *testing.F) { fuzzStable(f, Score{}, sampleScore()) }

func FuzzModeRow(f *testing.F) { fuzzStable(f, ModeRow{}, sampleMode()) }

func FuzzWindowRecord(f *testing.F) { fuzzStable(f, WindowRecord{}, sampleRecord(), sampleSilence()) }

func FuzzStatusRecord(f *testing.F) { fuzzStable(f, StatusRecord{}, sampleStatus()) }
