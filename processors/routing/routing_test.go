package routing_test

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/processors/routing"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func config(m *routing.Metrics) streamtest.Config {
	t := topology.New(topology.Config{Partitions: 1, Replication: 1})
	scores := streamtest.JSON(t.HealthScores)
	scores.Parse = parseScore
	status := streamtest.JSON(t.HealthStatus)
	status.Format = formatStatus
	return streamtest.Config{
		Build: func() streamtest.Processor {
			return streamtest.Processor{Graph: routing.Graph(routing.DefaultConfig(), t, m)}
		},
		Topics: []streamtest.Topic{scores, status}, Row: formatRow,
	}
}

// parseScore reads "upi/sbi/razorpay 2026-03-01T10:01:00Z 62%" as a score of 100 attempts, "62% of 10" as one of 10.
func parseScore(text string) ([]byte, error) {
	words := strings.Fields(text)
	if len(words) != 3 && len(words) != 5 {
		return nil, fmt.Errorf("want path, window end and rate, not %q", text)
	}
	path := strings.Split(words[0], "/")
	s := &health.Score{Path: health.Path{Mode: path[0], Instrument: path[1], Gateway: path[2]}}
	percent, err := strconv.ParseInt(strings.TrimSuffix(words[2], "%"), 10, 64)
	if err != nil {
		return nil, err
	}
	n := int64(100)
	if len(words) == 5 {
		if n, err = strconv.ParseInt(words[4], 10, 64); err != nil {
			return nil, err
		}
	}
	s.Pool = health.Pool{WeightedSuccess: n * percent << 20, WeightedEligible: n * 100 << 20, Samples: n, Eligible: n}
	if err := s.WindowEnd.UnmarshalText([]byte(words[1])); err != nil {
		return nil, err
	}
	return codecs.Score{}.Encode(s)
}

func formatStatus(b []byte) string {
	r, err := codecs.StatusRecord{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %s->%s %d%% score=%.4f: %s", r.WindowEnd.Time().Format("15:04"), r.Previous, r.State, r.TrafficPercent, r.Score, r.Reason)
}

func formatRow(b []byte) string {
	r, err := codecs.ModeRow{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	s := health.DefaultSettings()
	var out strings.Builder
	fmt.Fprintf(&out, "evaluated=%s", r.Evaluated)
	for _, st := range r.Standings(s) {
		fmt.Fprintf(&out, " | %s %s %d%% %.4f of %d", st.Instrument, st.State, st.TrafficPercent, st.Score, st.Eligible)
		routes, _ := r.Routes(s, st.Instrument, health.Proportional)
		for _, route := range routes {
			fmt.Fprintf(&out, ", %s %s %.4f", route.Gateway, route.State, route.Weight)
		}
	}
	return out.String()
}

func TestScripts(t *testing.T) {
	streamtest.Run(t, "testdata/*.txt", config(routing.NewMetrics(nil)))
}

// TestScriptsOfTime are apart from the others: the wall time that passed on an idle partition does not outlive a restart.
func TestScriptsOfTime(t *testing.T) {
	streamtest.Run(t, "testdata/time/*.txt", config(routing.NewMetrics(nil)))
}

// A process that takes a mode over shows it with the first score that comes, before any is evaluated.
func TestMetrics(t *testing.T) {
	var r *prometheus.Registry
	c := config(nil)
	c.Build = func() streamtest.Processor {
		r = prometheus.NewRegistry()
		return config(routing.NewMetrics(r)).Build()
	}
	h := streamtest.New(t, c)
	for _, text := range []string{
		"upi/a/g 2026-03-01T10:01:00Z 50%", "upi/b/g 2026-03-01T10:01:00Z 100%",
		"upi/a/g 2026-03-01T10:02:00Z 50%", "upi/b/g 2026-03-01T10:02:00Z 99%", "upi/b/g 2026-03-01T10:03:00Z 98%",
		"upi/b/g 2026-03-01T10:04:00Z 97%",
	} {
		h.ConsumeText("health-scores", "upi", text)
	}
	want := map[string]string{"millrace_health_score_ratio": "a=0.5 b=0.98 ", "millrace_health_enabled": "a=0 b=1 "}
	if got := gauges(t, r); !maps.Equal(want, got) {
		t.Errorf("have %v, want %v", got, want)
	}
	h.Restart()
	if got := gauges(t, r); len(got) > 0 {
		t.Errorf("have %v", got)
	}
	h.ConsumeText("health-scores", "upi", "upi/a/g 2026-03-01T10:04:00Z 50%")
	if got := gauges(t, r); !maps.Equal(want, got) {
		t.Errorf("have %v, want %v", got, want)
	}
}

func gauges(t *testing.T, r *prometheus.Registry) map[string]string {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()] += fmt.Sprintf("%s=%v ", m.GetLabel()[0].GetValue(), m.GetGauge().GetValue())
		}
	}
	return got
}

func TestConfig(t *testing.T) {
	if err := routing.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if (routing.Config{}).Validate() == nil {
		t.Error("an empty config is valid")
	}
}
