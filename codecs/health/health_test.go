package health

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
)

// sample values of the health codecs.
var (
	samplePath  = health.Path{Mode: "upi", Instrument: "sbi", Gateway: "razorpay"}
	sampleSpan  = window.Span{Start: 1772359200000, End: 1772359260000}
	sampleTally = health.Tally{
		Counts:  health.Counts{ledger.Succeeded: 90, ledger.FailedTechnical: 5, ledger.FailedBusiness: 5},
		Latency: health.Latency{Buckets: []health.Bucket{{Index: 1, Count: 60}, {Index: 2, Count: 35}, {Index: 3, Count: 5}}},
		Sources: []health.SourceRange{{Topic: "attempts", Partition: 0, First: 10, Last: 120}},
	}
	samplePool = health.Pool{WeightedSuccess: 90 << 24, WeightedEligible: 95 << 24, Samples: 100, Eligible: 95}
)

func sampleSeries() *health.Row {
	open := sampleTally
	open.Arrived = 1772359205000
	return &health.Row{Series: &health.Series{
		Path: samplePath, Reached: 1772359270001, Traffic: 1772359259000, Through: 60000, Empty: 3,
		Open: window.Set[health.Tally]{
			Open: []window.Window[health.Tally]{{Span: sampleSpan, Value: open}}, ClosedTo: 1772359200000,
		},
		Last: []health.Small{{Span: window.Span{Start: 0, End: 60000}, Counts: sampleTally.Counts}},
	}}
}

func sampleClosed() *health.Row {
	return &health.Row{Closed: &health.Closed{
		Path: samplePath, ClosedAt: 1772359270000, Plain: true, Closed: window.Closed[health.Tally]{Span: sampleSpan, Revision: 2, Value: sampleTally},
	}}
}

func sampleLoop() *health.ClosedWindow {
	return &health.ClosedWindow{Path: samplePath, Span: sampleSpan, ClosedAt: 1772359270000, Final: true, Plain: true, Tally: sampleTally}
}

func sampleScore() *health.Score {
	return &health.Score{Path: samplePath, WindowEnd: 1772359260000, Correction: true, Window: sampleTally.Counts, Pool: samplePool}
}

func sampleMode() *health.ModeRow {
	judged := []health.Judged{{End: 1772359200000, Rate: 0.6, Count: 100}, {End: 1772359260000, Rate: 0.6312, Count: 790}}
	level := health.Level{
		Verdict: health.Verdict{
			Hysteresis: health.Hysteresis{State: health.Down, LowRun: 2}, Since: 1772359260000,
			Reason: "technical rate below 0.70 in 2 windows",
		},
		Known: true, Kept: true, Released: 1772359200000, Pool: samplePool, Trial: health.Trial{Falls: 1}, Recent: judged, Decided: judged,
		Forced: health.Forced{State: health.Degraded, Since: 1772359270000, Until: 1772359370000, Reason: "forced"},
	}
	up := health.Level{Known: true, Verdict: health.Verdict{Reason: "initially up"}, Trial: health.Trial{
		From: 1772359260000, Good: 9, All: 10, Step: 1, Stepped: 1772359260000, Anew: 1772359200000,
		Last: []health.Small{{Span: sampleSpan, Counts: sampleTally.Counts}},
	}}
	return &health.ModeRow{
		Mode: "upi", Evaluated: 1772359260000, Settled: 1772359270000, Level: up,
		Instruments: []health.Instrument{
			{Name: "hdfc", Level: up},
			{Name: "sbi", Level: level, Weighs: true, Gateways: []health.Gateway{
				{Name: "razorpay", Level: level, Scores: []health.Scoring{
					{End: 1772359260000, Correction: true, Window: sampleTally.Counts, Pool: samplePool},
				}},
			}},
		},
		Overrides:    []health.Override{{ID: "o1", Mode: "upi", Instrument: "sbi", State: health.Down, From: 1, Until: 2, Reason: "r", Actor: "a"}},
		Maintenances: []health.Maintenance{{ID: "m1", Mode: "upi", Instrument: "sbi", Gateway: "razorpay", Begin: 1, End: 2}},
		Freeze:       &health.Freeze{Mode: "upi", From: 1, Until: 2},
		Settings:     []health.Setting{{Mode: "upi", Patch: health.Patch{{Field: "down_after", Value: "3"}}}},
		Downtimes:    []health.Downtime{*sampleDowntime()},
		Other:        []health.OtherWindow{{End: 1772359260000, Counts: sampleTally.Counts, Places: 7}},
	}
}

func sampleDowntime() *health.Downtime {
	return &health.Downtime{
		ID: "dt_1", Mode: "upi", Instrument: "sbi", Severity: health.High, Status: health.Started, Begun: true, Begin: 1772359260000,
		Cause: health.ByRate, Windows: []instant.Milli{1772359200000, 1772359260000}, Reason: "technical rate below 0.70 in 2 windows",
	}
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
	checkGolden(t, Row{}, sampleSeries(), "010a700a0375706912037362691a0872617a6f7270617922322080b4b98d956728c0a90730b401380a400a5206013c002300055a0f0a08"+
		"617474656d707473181420dc01789082ba8d95672880b4b98d9567320b28c0a90730b401380a400a38e2f9c18d956740f0cdc08d956748c0a9075006")
	checkGolden(t, Row{}, sampleClosed(), "01124a0a0375706912037362691a0872617a6f727061792080b4b98d956728c0a90730b401380a400a5206013c002300055a0f0a086174"+
		"74656d707473181420dc01600468e0f9c18d95677001")
}

func TestClosedWindowGolden(t *testing.T) {
	checkGolden(t, ClosedWindow{}, sampleLoop(), "010a0375706912037362691a0872617a6f727061792080b4b98d956728c0a90730b401380a400a5206013c002300055a0f0a0861747465"+
		"6d707473181420dc01600168e0f9c18d95677001")
}

func TestScoreGolden(t *testing.T) {
	checkGolden(t, Score{}, sampleScore(), "010a0375706912037362691a0872617a6f7270617920c0ddc08d9567280130808080a00b38808080f00b40c80148be01520730b401380a40"+
		"0a")
}

func TestModeRowGolden(t *testing.T) {
	checkGolden(t, ModeRow{}, sampleMode(), "020a0375706910c0ddc08d956728e0f9c18d95674a0c696e697469616c6c792075704a04686466634a037362694a26746563686e6963616c2072"+
		"6174652062656c6f7720302e373020696e20322077696e646f77734a06666f726365644a0872617a6f727061794a0464745f314a002222480000"+
		"bfddc08d956700001214020100010001bfa9070100c0a907b4010a0a0000001a250100480000bfddc08d956700001214020100010001bfa90701"+
		"00c0a907b4010a0a000000001a92010201fa0304000003808080a00b80808050c8010abfa90701a09c01c09a0c04020000000000000002bfa907"+
		"f02ec80180d30ea831ac0c02bfa907f02ec80180d30ea831ac0c0105010001808080a00b80808050c8010ab4010a0a00fa0104000003bfa90701"+
		"a09c01c09a0c04020000000000000002bfa907f02ec80180d30ea831ac0c02bfa907f02ec80180d30ea831ac0c42130306020703020101000007"+
		"0302bfa90780d30e520801000eb4010a0a0032200a1e0a026f3112037570691a03736269280230043a01724201614a04646f776e321e121c0a02"+
		"6d3112037570691a03736269220872617a6f7270617928023004320b1a091203757069280230043a160a03757069220f0a0a646f776e5f616674"+
		"6572120133")
}

// The example of docs/contract.md#topics.
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

func TestStatusOfAMode(t *testing.T) {
	whole := &health.StatusRecord{Standing: health.Standing{Mode: "upi", Enabled: true, TrafficPercent: 100, ForcedUntil: 60000}}
	checkGolden(t, StatusRecord{}, whole, `{"mode":"upi","instrument":null,"gateway":null,"state":"up","enabled":true,"traffic_percent":100,`+
		`"score":null,"samples":0,"eligible":0,"insufficient":false,"forced_until":"1970-01-01T00:01:00.000Z","stale":false,`+
		`"since":"","reason":"","previous_state":"up","window_end":null}`)
}

// A downtime of an evaluation, and one that was planned.
func TestDowntimeGolden(t *testing.T) {
	golden := `{"id":"dt_1","mode":"upi","instrument":"sbi","gateway":null,"severity":"high","status":"started",` +
		`"begin":"2026-03-01T10:01:00.000Z","end":null,"reason":{"code":"technical_rate",` +
		`"windows":["2026-03-01T10:00:00.000Z","2026-03-01T10:01:00.000Z"],"detail":"technical rate below 0.70 in 2 windows"}}`
	checkGolden(t, Downtime{}, sampleDowntime(), golden)
	for _, word := range []string{`"high"`, `"started"`, `"technical_rate"`} {
		if _, err := (Downtime{}).Decode([]byte(strings.Replace(golden, word, `"sideways"`, 1))); err == nil {
			t.Errorf("took something else than %s", word)
		}
	}
	planned := sampleDowntime()
	planned.Begun = false
	planned.Gateway, planned.Status, planned.End, planned.Cause, planned.By, planned.Windows = "payu", health.Scheduled, 1772359320000, health.ByMaintenance, "m1", nil
	checkGolden(t, Downtime{}, planned, `{"id":"dt_1","mode":"upi","instrument":"sbi","gateway":"payu","severity":"high","status":"scheduled",`+
		`"begin":"2026-03-01T10:01:00.000Z","end":"2026-03-01T10:02:00.000Z","reason":{"code":"maintenance","windows":[],`+
		`"detail":"technical rate below 0.70 in 2 windows","by":"m1"}}`)
}

// A mode with 2,000 banks behind two gateways each fits into a record when all of it is down, and while it comes back;
// its Size is no less than what is written.
func TestFullModeRowFits(t *testing.T) {
	const minute = 60_000
	evaluated := instant.Milli(1772359260000)
	windows := func(n, every int) []health.Judged {
		var list []health.Judged
		for i := range n {
			list = append(list, health.Judged{End: evaluated - instant.Milli((n-1-i)*every*minute), Rate: 0.6312, Count: 5_000})
		}
		return list
	}
	level := health.Level{Known: true, Pool: health.Pool{WeightedSuccess: 2_000 << 24, WeightedEligible: 4_800 << 24, Samples: 5_010, Eligible: 5_000}}
	level.State, level.LowRun, level.Since, level.Reason = health.Down, 12, evaluated-12*minute, "technical rate below 0.70 in 2 windows"
	level.Recent, level.Decided, level.Trial.Falls = windows(4, 1), windows(2, 1), 1
	back := level
	back.State, back.Trial = health.Recovering, health.Trial{Falls: 2, From: evaluated, Good: 5, All: 7, Stepped: evaluated, Anew: evaluated - 8*minute}
	back.Recent = windows(3, 1)
	for i := range 3 { // what a row of that size remembers
		small := health.Small{Counts: health.Counts{ledger.Succeeded: 160, ledger.FailedTechnical: 2, ledger.FailedBusiness: 10, ledger.TimedOut: 1}}
		small.End = evaluated - instant.Milli(2-i)*minute
		small.Start = small.End - minute
		back.Trial.Last = append(back.Trial.Last, small)
	}
	for name, level := range map[string]health.Level{"down": level, "back": back} {
		r := &health.ModeRow{Mode: "net_banking", Evaluated: evaluated}
		for i := range 2000 {
			inst := health.Instrument{Name: fmt.Sprintf("a_bank_of_%d", i), Level: level, Weighs: true}
			r.Downtimes = append(r.Downtimes, fullDowntime(r.Mode, inst.Name, "", evaluated))
			for _, gateway := range []string{"razorpay", "payu"} {
				g := health.Gateway{Name: gateway, Level: level, Scores: []health.Scoring{
					{End: evaluated, Window: sampleTally.Counts, Pool: level.Pool}, {End: evaluated + minute, Window: sampleTally.Counts, Pool: level.Pool},
				}}
				inst.Gateways = append(inst.Gateways, g)
				r.Downtimes = append(r.Downtimes, fullDowntime(r.Mode, inst.Name, gateway, evaluated))
			}
			r.Instruments = append(r.Instruments, inst)
		}
		b, err := ModeRow{}.Encode(r)
		t.Logf("%s: %d bytes, Size %d", name, len(b), r.Size())
		if err != nil || len(b) > 1_000_000 || r.Size() < len(b) {
			t.Errorf("%s: %d bytes, Size %d, %v", name, len(b), r.Size(), err)
		}
		back, err := ModeRow{}.Decode(b)
		if diff := cmp.Diff(r, back); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func fullDowntime(mode, instrument, gateway string, end instant.Milli) health.Downtime {
	d := *sampleDowntime()
	d.ID, d.Mode, d.Instrument, d.Gateway, d.Begin = "dt_0123456789abcdef", mode, instrument, gateway, end-780_000
	d.Windows = []instant.Milli{end - 60_000, end}
	return d
}

func TestHealthRowsNeedContent(t *testing.T) {
	if _, err := (Row{}).Encode(&health.Row{}); err == nil {
		t.Error("wrote an empty row")
	}
	if _, err := (Row{}).Decode([]byte{healthRowVersion}); err == nil {
		t.Error("read an empty row")
	}
	if _, err := unpackLatency([]byte{0xff, 0x7f, 1}); err == nil {
		t.Error("took a bucket that does not exist")
	}
}

func drawTally(t *rapid.T) health.Tally {
	n := rapid.Int64Range(0, 1<<40)
	out := health.Tally{Counts: health.Counts{
		ledger.Succeeded: n.Draw(t, "success"), ledger.FailedTechnical: n.Draw(t, "technical"), ledger.FailedBusiness: n.Draw(t, "business"), ledger.TimedOut: n.Draw(t, "timeout"),
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
		roundTrip(t, Row{}, row)
		roundTrip(t, ClosedWindow{}, loop)
		roundTrip(t, Row{}, &health.Row{Closed: &health.Closed{Path: loop.Path, Closed: window.Closed[health.Tally]{
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
		row := &health.ModeRow{Level: drawLevel(t), Settled: drawSpan(t).End}
		row.Mode, row.Evaluated = rapid.String().Draw(t, "mode"), instant.Milli(rapid.Int64().Draw(t, "evaluated"))
		for range rapid.IntRange(0, 3).Draw(t, "instruments") {
			inst := health.Instrument{Name: rapid.String().Draw(t, "name"), Level: drawLevel(t), Weighs: rapid.Bool().Draw(t, "weighs")}
			for range rapid.IntRange(0, 2).Draw(t, "gateways") {
				g := health.Gateway{Name: rapid.String().Draw(t, "name"), Level: drawLevel(t)}
				for range rapid.IntRange(0, 2).Draw(t, "scores") {
					g.Scores = append(g.Scores, health.Scoring{End: drawSpan(t).End, Correction: rapid.Bool().Draw(t, "correction"), Window: drawTally(t).Counts, Pool: drawPool(t)})
				}
				inst.Gateways = append(inst.Gateways, g)
			}
			row.Instruments = append(row.Instruments, inst)
		}
		for range rapid.IntRange(0, 2).Draw(t, "downtimes") {
			d := *sampleDowntime()
			d.ID = rapid.SampledFrom([]string{"dt_1", "dt_0123456789abcdef", "dt_0123456789abcdeF", ""}).Draw(t, "id")
			d.Mode = rapid.SampledFrom([]string{row.Mode, "another"}).Draw(t, "of")
			d.Begin, d.End, d.Windows = drawSpan(t).Start, drawSpan(t).End, []instant.Milli{drawSpan(t).End, drawSpan(t).End}
			row.Downtimes = append(row.Downtimes, d)
			row.Other = append(row.Other, health.OtherWindow{End: d.Begin, Counts: drawTally(t).Counts, Places: rapid.IntRange(0, 9).Draw(t, "places")})
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
	l := health.Level{
		Verdict: drawVerdict(t), Pool: drawPool(t), Known: rapid.Bool().Draw(t, "known"), Kept: rapid.Bool().Draw(t, "kept"),
		Released: drawSpan(t).End,
		Trial: health.Trial{
			Falls: rapid.IntRange(0, 9).Draw(t, "falls"), From: drawSpan(t).End, Good: rapid.Int64().Draw(t, "good"),
			All: rapid.Int64().Draw(t, "all"), Step: rapid.IntRange(0, 2).Draw(t, "step"), Stepped: drawSpan(t).End, Anew: drawSpan(t).End,
		},
	}
	if rapid.Bool().Draw(t, "forced") {
		l.Forced = health.Forced{State: health.Down, Since: drawSpan(t).Start, Until: drawSpan(t).End, Reason: rapid.String().Draw(t, "reason")}
	}
	for range rapid.IntRange(0, 2).Draw(t, "windows") {
		j := health.Judged{End: drawSpan(t).End, Rate: float64(rapid.IntRange(0, 10_000).Draw(t, "rate")) / 10_000, Count: 1}
		l.Recent, l.Decided = append(l.Recent, j), append(l.Decided, j)
		l.Trial.Last = append(l.Trial.Last, health.Small{Span: drawSpan(t), Counts: drawTally(t).Counts})
	}
	return l
}

func drawVerdict(t *rapid.T) health.Verdict {
	return health.Verdict{
		Hysteresis: health.Hysteresis{
			State:  health.State(rapid.IntRange(0, 4).Draw(t, "state")),
			LowRun: rapid.IntRange(0, 9).Draw(t, "low"), HighRun: rapid.IntRange(0, 9).Draw(t, "high"),
		},
		Since: drawSpan(t).End, Reason: rapid.String().Draw(t, "reason"),
	}
}

func FuzzHealthRow(f *testing.F) { fuzzStable(f, Row{}, sampleSeries(), sampleClosed()) }

func FuzzClosedWindow(f *testing.F) { fuzzStable(f, ClosedWindow{}, sampleLoop()) }

func FuzzScore(f *testing.F) { fuzzStable(f, Score{}, sampleScore()) }

func FuzzModeRow(f *testing.F) { fuzzStable(f, ModeRow{}, sampleMode()) }

func FuzzDowntime(f *testing.F) { fuzzStable(f, Downtime{}, sampleDowntime()) }

func FuzzWindowRecord(f *testing.F) { fuzzStable(f, WindowRecord{}, sampleRecord(), sampleSilence()) }

func FuzzStatusRecord(f *testing.F) { fuzzStable(f, StatusRecord{}, sampleStatus()) }
