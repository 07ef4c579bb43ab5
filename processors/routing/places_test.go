package routing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/processors/routing"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

// scoreOf is a score of attempts that all succeeded or all failed.
func scoreOf(t *testing.T, instrument, gateway string, end time.Time, attempts int64, good bool) streamtest.Message {
	t.Helper()
	s := &health.Score{Path: health.Path{Mode: "upi", Instrument: instrument, Gateway: gateway}, WindowEnd: instant.Of(end)}
	s.Window, s.Pool = health.Counts{ledger.FailedTechnical: attempts}, health.Pool{WeightedEligible: attempts << 24, Samples: attempts, Eligible: attempts}
	if good {
		s.Window, s.Pool.WeightedSuccess = health.Counts{ledger.Succeeded: attempts}, attempts<<24
	}
	value, err := healthcodec.Score{}.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	return streamtest.Message{Topic: "health-scores", Key: "upi", Partition: -1, Value: value}
}

func modeOf(t *testing.T, h *streamtest.Harness) (*health.ModeRow, int) {
	t.Helper()
	value := h.Rows()["upi"]
	row, err := healthcodec.ModeRow{}.Decode(value)
	if err != nil {
		t.Fatal(err)
	}
	return row, len(value)
}

// Hundreds of banks behind two gateways each fall together, and names that nobody knows take none of their places. What
// 2,000 of them take is held by TestFullModeRowFits in codecs; here each score would read and write such a row, which
// takes minutes.
func TestManyBanks(t *testing.T) {
	const banks = 400
	r := prometheus.NewRegistry()
	m := routing.NewMetrics(r)
	c := config(m)
	c.Build = func() streamtest.Processor { // as many places as there are gateways
		full := routing.DefaultConfig()
		full.Settings.Places = 2 * banks
		return streamtest.Processor{Graph: routing.Graph(full, topology.New(topology.Config{Partitions: 1, Replication: 1}), m)}
	}
	h := streamtest.New(t, c)
	begin := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	fits := func(when string) *health.ModeRow {
		row, size := modeOf(t, h)
		t.Logf("%s: %d bytes, Size %d", when, size, row.Size())
		if size > 1_000_000 || size > row.Size() {
			t.Errorf("%s: the row has %d bytes, Size %d", when, size, row.Size())
		}
		return row
	}
	for n := 1; n <= 2; n++ {
		end := begin.Add(time.Duration(n) * time.Minute)
		var scores []streamtest.Message
		for i := range banks {
			for _, gateway := range []string{"razorpay", "payu"} {
				scores = append(scores, scoreOf(t, fmt.Sprintf("bank%04d", i), gateway, end, 1000+int64(i), false))
			}
		}
		h.Consume(scores...)
		fits(fmt.Sprintf("before the evaluation of window %d", n))
		h.Advance(end.Add(10 * time.Second))
		row := fits(fmt.Sprintf("after the evaluation of window %d", n))
		if len(row.Instruments) != banks || row.Evaluated != instant.Of(end) {
			t.Fatalf("%d instruments, evaluated to %v", len(row.Instruments), row.Evaluated)
		}
	}
	row, _ := modeOf(t, h)
	down := 0
	for _, st := range row.Standings(health.DefaultSettings()) {
		if st.State == health.Down {
			down++
		}
	}
	if down != banks || len(row.Disruptions()) != 3*banks {
		t.Errorf("%d are down, %d downtimes", down, len(row.Disruptions()))
	}
	if letters := h.DeadLetters(); len(letters) > 0 {
		t.Errorf("%d dead letters: %s", len(letters), letters[0])
	}
	// A full mode takes no more names in the place of what is down, and says so.
	end := begin.Add(3 * time.Minute)
	var scores []streamtest.Message
	for i := range 300 {
		scores = append(scores, scoreOf(t, fmt.Sprintf("made-up%d", i), "razorpay", end, 1, true))
	}
	h.Consume(scores...)
	h.Advance(end.Add(10 * time.Second))
	row = fits("with made-up names")
	if row.Instrument("bank0000") == nil || len(row.Instruments) != banks+1 || row.Unplaced() != 300 {
		t.Errorf("%d instruments, %d names in other", len(row.Instruments), row.Unplaced())
	}
	for name, want := range map[string]float64{"millrace_health_other_attempts_total": 300} {
		if got := valueOf(t, r, name); got != want {
			t.Errorf("%s is %v", name, got)
		}
	}
}

// valueOf returns the only value of a counter or gauge.
func valueOf(t *testing.T, r *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name && len(f.GetMetric()) == 1 {
			return f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s, or several", name)
	return 0
}
