package health_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	healthcodec "github.com/millrace/millrace/codecs/health"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/catalog"
	domain "github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/processors/health"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func config(partitions int32, m *health.Metrics) streamtest.Config {
	t := topology.New(topology.Config{Partitions: partitions, Replication: 1})
	attempts := streamtest.JSON(t.Attempts)
	attempts.Parse = parseAttempt
	scores := streamtest.JSON(t.HealthScores)
	scores.Format = formatScore
	windows := streamtest.JSON(t.HealthWindows)
	windows.Format = formatWindow
	settings := streamtest.Topic{Name: string(t.Catalog.Table()), Parse: parseSettings}
	return streamtest.Config{
		Build: func() streamtest.Processor {
			index := health.NewIndex()
			return streamtest.Processor{
				Graph: health.Graph(health.DefaultConfig(), t, index, m),
				Index: map[string]func(string, []byte){string(t.Catalog.Table()): func(key string, value []byte) { _ = index.Set(key, value) }},
			}
		},
		Topics: []streamtest.Topic{attempts, scores, windows, settings}, Row: formatRow, Partitions: partitions,
	}
}

// parseSettings reads "upi 2026-03-01T10:00:00Z count_timeouts=false", a row of the catalog with this one change.
func parseSettings(text string) ([]byte, error) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return nil, fmt.Errorf("want mode, time and fields, not %q", text)
	}
	mode, instrument, _ := strings.Cut(words[0], "/")
	s := domain.Setting{Mode: mode, Instrument: instrument}
	if err := s.EffectiveFrom.UnmarshalText([]byte(words[1])); err != nil {
		return nil, err
	}
	for _, w := range words[2:] {
		field, value, _ := strings.Cut(w, "=")
		s.Patch = append(s.Patch, domain.Change{Field: field, Value: value})
	}
	e := catalog.NewHealthSettings(s)
	return catalogcodec.Row{}.Encode(&catalog.Row{Kind: catalog.KindHealthSetting, EntityID: e.ID(), Revision: 1, Entity: e})
}

// parseAttempt reads "upi/sbi/razorpay success 2026-03-01T10:00:00Z 40", and perhaps when its payment arrived.
func parseAttempt(text string) ([]byte, error) {
	words := strings.Fields(text)
	if len(words) != 4 && len(words) != 5 {
		return nil, fmt.Errorf("want path, outcome, time and latency, not %q", text)
	}
	mode, instrument, gateway, ok := ledger.ParseKey(words[0])
	a := &ledger.Attempt{Mode: mode, Instrument: instrument, Gateway: gateway, TransactionID: "t1"}
	a.Origin = payment.Origin{Topic: "payments", Partition: 3, Offset: 42, Key: []byte("t1")}
	for o := ledger.Succeeded; o <= ledger.TimedOut; o++ {
		if o.String() == words[1] {
			a.Outcome = o
		}
	}
	err := a.At.UnmarshalText([]byte(words[2]))
	if len(words) == 5 {
		err = errors.Join(err, a.Origin.Timestamp.UnmarshalText([]byte(words[4])))
	}
	a.LatencyMS, _ = strconv.ParseInt(words[3], 10, 64)
	if !ok || err != nil {
		return nil, fmt.Errorf("attempt %q: %w", text, err)
	}
	a.Cause = cause(a)
	return ledgercodec.Attempt{}.Encode(a)
}

// cause is the payment event behind a.
func cause(a *ledger.Attempt) ledger.Cause {
	return ledger.Cause{
		Facts: payment.Facts{
			TransactionID: a.TransactionID, UserID: "u1", AmountMinor: 12550, Currency: "INR",
			Mode: a.Mode, Instrument: a.Instrument, Gateway: a.Gateway, CreatedAt: a.At,
		},
		ID: "e1", Type: payment.Payment, Status: payment.Failed, Decline: payment.Technical, LatencyMS: a.LatencyMS, UpdatedAt: a.At,
	}
}

// formatWindow shows an empty window by its end alone, others as they are.
func formatWindow(b []byte) string {
	r, err := healthcodec.WindowRecord{}.Decode(b)
	switch {
	case err != nil:
		return err.Error()
	case r.Samples == 0 && !r.Silent:
		return "empty end=" + clock(r.End)
	default:
		return string(b)
	}
}

func formatScore(b []byte) string {
	s, err := healthcodec.Score{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	rate, _ := s.Pool.Rate()
	out := fmt.Sprintf("%s end=%s rate=%.4f samples=%d eligible=%d", s.Path.Key(), clock(s.WindowEnd), rate, s.Pool.Samples, s.Pool.Eligible)
	if s.Correction {
		out += " correction"
	}
	return out
}

func formatRow(b []byte) string {
	r, err := healthcodec.Row{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	if c := r.Closed; c != nil {
		return fmt.Sprintf("closed %s rev=%d %s", clock(c.End), c.Revision, formatCounts(c.Value.Counts))
	}
	var out strings.Builder
	fmt.Fprintf(&out, "closed_to=%s open=[", clock(r.Series.Open.ClosedTo))
	for _, o := range r.Series.Open.Open {
		fmt.Fprintf(&out, "%s %s;", clock(o.End), formatCounts(o.Value.Counts))
	}
	out.WriteString("] last=[")
	empty := 0
	for _, s := range r.Series.Last {
		if s.Counts == (domain.Counts{}) {
			empty++
			continue
		}
		fmt.Fprintf(&out, "%s %s;", clock(s.End), formatCounts(s.Counts))
	}
	if out.WriteByte(']'); empty > 0 {
		fmt.Fprintf(&out, " and %d empty, %d running", empty, r.Series.Empty)
	}
	return out.String()
}

func formatCounts(c domain.Counts) string {
	return fmt.Sprintf("%d/%d/%d/%d", c[ledger.Succeeded], c[ledger.FailedTechnical], c[ledger.FailedBusiness], c[ledger.TimedOut])
}

func clock(t instant.Milli) string {
	if t <= 0 {
		return "never"
	}
	return t.Time().Format("15:04:05")
}

func TestScripts(t *testing.T) {
	streamtest.Run(t, "testdata/*.txt", config(1, health.NewMetrics(nil)))
}

// TestScriptsOfTime are apart from the others: the wall time that passed on an idle partition does not outlive a
// restart.
func TestScriptsOfTime(t *testing.T) {
	streamtest.Run(t, "testdata/time/*.txt", config(1, health.NewMetrics(nil)))
}

// TestScriptsOnThreePartitions: a series and its closed windows lie on different partitions.
func TestScriptsOnThreePartitions(t *testing.T) {
	streamtest.Run(t, "testdata/three/*.txt", config(3, health.NewMetrics(nil)))
}

func TestMetrics(t *testing.T) {
	r := prometheus.NewRegistry()
	h := streamtest.New(t, config(1, health.NewMetrics(r)))
	for i := range 70 {
		key := fmt.Sprintf("mode%d/sbi/g", i)
		h.ConsumeText("attempts", key, key+" success 2026-03-01T10:00:00Z 1")
	}
	h.ConsumeText("attempts", "mode0/a/g", "mode0/a/g success 2026-03-01T10:05:00Z 1")
	h.ConsumeText("attempts", "mode0/sbi/g", "mode0/sbi/g success 2026-03-01T10:00:00Z 1")
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			line := fmt.Sprintf("%s %v", m.GetLabel()[0].GetValue(), m.GetCounter().GetValue())
			got[f.GetName()] = append(got[f.GetName()], line)
		}
	}
	if n := len(got["millrace_windows_closed_total"]); n != 65 || !slices.Contains(got["millrace_windows_closed_total"], "other 24") { // one full, three empty
		t.Errorf("%d modes shown, want 64 and other: %v", n, got)
	}
	for _, name := range []string{"millrace_windows_late_events_total", "millrace_windows_corrections_total"} {
		if !slices.Contains(got[name], "mode0 1") || !slices.Contains(got[name], "mode1 0") || len(got[name]) != 65 {
			t.Errorf("%s: %v", name, got[name])
		}
	}
}

// TestLateness: how far behind the watermark of its place in the log each attempt is, by mode.
func TestLateness(t *testing.T) {
	r := prometheus.NewRegistry()
	h := streamtest.New(t, config(1, health.NewMetrics(r)))
	attempt := func(clock string) {
		h.ConsumeText("attempts", "upi/sbi/g", "upi/sbi/g success 2026-03-01T"+clock+"Z 1")
	}
	attempt("10:00:00") // no watermark yet
	attempt("10:10:00") // ahead of 10:00:00
	attempt("10:09:58.500")
	attempt("10:00:00")
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "millrace_health_lateness_seconds" {
			continue
		}
		got := f.GetMetric()[0].GetHistogram()
		if got.GetSampleCount() != 4 || got.GetSampleSum() != 601.5 {
			t.Errorf("%d attempts, %v s behind in all; want 4 and 601.5", got.GetSampleCount(), got.GetSampleSum())
		}
		below := map[float64]uint64{}
		for _, b := range got.GetBucket() {
			below[b.GetUpperBound()] = b.GetCumulativeCount()
		}
		if below[0] != 2 || below[1] != 2 || below[2] != 3 || below[300] != 3 || below[900] != 4 {
			t.Errorf("buckets %v", below)
		}
		return
	}
	t.Error("no histogram")
}

// From the arrival of the newest payment that a window counted to its final, however old the payments are. A timeout is
// no arrival, nor is what comes late.
func TestEndToEndLatency(t *testing.T) {
	r := prometheus.NewRegistry()
	c := config(1, health.NewMetrics(r))
	c.Metrics, c.Wall = engine.NewMetrics(r), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	h := streamtest.New(t, c)
	const key = "upi/sbi/g"
	h.ConsumeText("attempts", key, key+" success 2024-03-01T10:00:01Z 1 2026-03-01T11:59:56Z")
	h.ConsumeText("attempts", key, key+" success 2024-03-01T10:00:02Z 1 2026-03-01T11:59:50Z")
	h.ConsumeText("attempts", key, key+" timeout 2024-03-01T10:00:03Z 1 2026-03-01T11:59:59Z")
	h.Restart()
	h.ConsumeText("attempts", key, key+" success 2024-03-01T10:03:00Z 1") // that nobody knows when it came closes the window, and two without any
	h.ConsumeText("attempts", key, key+" success 2024-03-01T10:00:04Z 1 2026-03-01T11:59:59Z")
	h.ConsumeText("attempts", key, key+" success 2024-03-01T10:06:00Z 1")
	metrictest.EndToEnd(t, r, "health", 4)
}

func TestConfig(t *testing.T) {
	if err := health.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if (health.Config{}).Validate() == nil {
		t.Error("an empty config is valid")
	}
}

func TestIndexKeepsSettingsWhoseRowIsDamaged(t *testing.T) {
	x := health.NewIndex()
	row, err := parseSettings("upi/sbi 2026-03-01T10:00:00Z half_life=3")
	if err != nil {
		t.Fatal(err)
	}
	key := catalog.Key(catalog.KindHealthSetting, "upi/sbi")
	err = errors.Join(x.Set(key, row), x.Set("mission/m", []byte{9}))
	if got := x.Changes("upi"); len(got) != 1 || got[0].Instrument != "sbi" || err != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := x.Set(key, []byte{9}); len(x.Changes("upi")) != 1 || err == nil {
		t.Errorf("damaged: %+v, %v", x.Changes("upi"), err)
	}
	if err := x.Set(key, nil); len(x.Changes("upi")) != 0 || err != nil {
		t.Errorf("deleted: %+v, %v", x.Changes("upi"), err)
	}
}
