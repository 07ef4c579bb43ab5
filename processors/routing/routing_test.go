package routing_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	healthcodec "github.com/millrace/millrace/codecs/health"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/processors/routing"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func TestTriggers(t *testing.T) {
	streamtest.Run(t, "testdata/triggers/*.txt", config(routing.NewMetrics(nil), task.Rule{On: task.StateChanged, Kind: "page", Dedupe: task.ByPlaceState}))
}

func formatTask(b []byte) string {
	s, err := taskcodec.Submission{}.Decode(b)
	if err != nil {
		return fmt.Sprintf("<%v>", err)
	}
	t := &s.Task
	return fmt.Sprintf("%s %s on %s for %s at %s%s: %s", t.ID, t.Kind, t.On, t.Key, t.At, onlyOne(s), t.Payload)
}

func onlyOne(s *task.Submission) string {
	if s.Dedupe == "" {
		return ""
	}
	return " once as " + s.Dedupe
}

func config(m *routing.Metrics, triggers ...task.Rule) streamtest.Config {
	t := topology.New(topology.Config{Partitions: 1, Replication: 1})
	scores := streamtest.JSON(t.HealthScores)
	scores.Parse = parseScore
	status := streamtest.JSON(t.HealthStatus)
	status.Format = formatStatus
	downtimes := streamtest.JSON(t.Downtimes)
	downtimes.Format = formatDowntime
	overrides := streamtest.JSON(t.Overrides)
	overrides.Parse = parseIntervention
	settings := streamtest.JSON(t.HealthSettings)
	settings.Parse = parseSetting
	return streamtest.Config{
		Build: func() streamtest.Processor {
			c := routing.DefaultConfig()
			c.Triggers = triggers
			return streamtest.Processor{Graph: routing.Graph(c, t, m)}
		},
		Topics: []streamtest.Topic{scores, overrides, settings, status, downtimes, {Name: t.Tasks.Name, Format: formatTask}}, Row: formatRow,
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
	good := n * percent / 100
	s.Window = health.Counts{ledger.Succeeded: good, ledger.FailedTechnical: n - good}
	s.Pool = health.Pool{WeightedSuccess: n * percent << 20, WeightedEligible: n * 100 << 20, Samples: n, Eligible: n}
	if err := s.WindowEnd.UnmarshalText([]byte(words[1])); err != nil {
		return nil, err
	}
	return healthcodec.Score{}.Encode(s)
}

// parseIntervention reads "id upi/sbi down 10:01-10:05 words", "id upi/sbi/razorpay maintenance 10:01-10:05 words" and
// "freeze upi 10:01-10:05"; times of 2026-03-01, and no end withdraws.
func parseIntervention(text string) ([]byte, error) {
	words := strings.Fields(text)
	if len(words) < 3 {
		return nil, fmt.Errorf("want an intervention, not %q", text)
	}
	path := append(strings.Split(words[1], "/"), "", "")
	if words[0] == "freeze" {
		from, until, err := parseTimes(words[2])
		if err != nil {
			return nil, err
		}
		return healthcodec.Intervention{}.Encode(&health.Intervention{Freeze: &health.Freeze{Mode: path[0], From: from, Until: until}})
	}
	from, until, err := parseTimes(words[3])
	if err != nil {
		return nil, err
	}
	reason := strings.Join(words[4:], " ")
	if words[2] == "maintenance" {
		return healthcodec.Intervention{}.Encode(&health.Intervention{Maintenance: &health.Maintenance{
			ID: words[0], Mode: path[0], Instrument: path[1], Gateway: path[2], Begin: from, End: until, Reason: reason,
		}})
	}
	state, ok := health.ParseState(words[2])
	if !ok {
		return nil, fmt.Errorf("no state %q", words[2])
	}
	return healthcodec.Intervention{}.Encode(&health.Intervention{Override: &health.Override{
		ID: words[0], Mode: path[0], Instrument: path[1], Gateway: path[2], State: state, From: from, Until: until, Reason: reason,
	}})
}

func parseTimes(text string) (from, until instant.Milli, err error) {
	a, b, _ := strings.Cut(text, "-")
	if err := from.UnmarshalText([]byte("2026-03-01T" + a + ":00Z")); err != nil {
		return 0, 0, err
	}
	if b == "" {
		return from, 0, nil
	}
	return from, until, until.UnmarshalText([]byte("2026-03-01T" + b + ":00Z"))
}

// parseSetting reads "upi 10:01 down_after=3" and "upi/sbi 10:01 probing=true".
func parseSetting(text string) ([]byte, error) {
	words := strings.Fields(text)
	path := append(strings.Split(words[0], "/"), "")
	s := &health.Setting{Mode: path[0], Instrument: path[1]}
	var err error
	if s.EffectiveFrom, _, err = parseTimes(words[1]); err != nil {
		return nil, err
	}
	for _, change := range words[2:] {
		field, value, _ := strings.Cut(change, "=")
		s.Patch = append(s.Patch, health.Change{Field: field, Value: value})
	}
	return healthcodec.Setting{}.Encode(s)
}

func formatStatus(b []byte) string {
	r, err := healthcodec.StatusRecord{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	forced := ""
	if r.ForcedUntil != 0 {
		forced = " until " + r.ForcedUntil.Time().Format("15:04")
	}
	return fmt.Sprintf("%s %s->%s %d%%%s score=%.4f: %s", r.WindowEnd.Time().Format("15:04"), r.Previous, r.State, r.TrafficPercent, forced, r.Score, r.Reason)
}

func formatDowntime(b []byte) string {
	d, err := healthcodec.Downtime{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	end := "?"
	if d.End != 0 {
		end = d.End.Time().Format("15:04:05")
	}
	return fmt.Sprintf("%s %s %s %s..%s %s %d windows", d.ID[:7], d.Status, d.Severity, d.Begin.Time().Format("15:04:05"), end, d.Cause, len(d.Windows))
}

func formatRow(b []byte) string {
	r, err := healthcodec.ModeRow{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	s := health.DefaultSettings()
	var out strings.Builder
	whole := r.Whole(s)
	fmt.Fprintf(&out, "evaluated=%s %s %.4f", r.Evaluated, whole.State, whole.Score)
	for _, st := range r.Standings(s) {
		fmt.Fprintf(&out, " | %s %s %d%% %.4f of %d", st.Instrument, st.State, st.TrafficPercent, st.Score, st.Eligible)
		routes, _ := r.Routes(s, st.Instrument)
		for _, route := range routes {
			fmt.Fprintf(&out, ", %s %s %.4f", route.Gateway, route.State, route.Weight)
		}
	}
	return out.String()
}

func TestScripts(t *testing.T) {
	streamtest.Run(t, "testdata/*.txt", config(routing.NewMetrics(nil)))
}

// TestScriptsOfTime are apart from the others: the wall time that passed on an idle partition does not outlive a
// restart.
func TestScriptsOfTime(t *testing.T) {
	streamtest.Run(t, "testdata/time/*.txt", config(routing.NewMetrics(nil)))
}

// What is counted of a mode is 0 from its first record on.
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
	moved := metrictest.Moved(t, r)
	for _, line := range []string{
		"millrace_health_status_changes_total{level=instrument,mode=upi,state=degraded} 1",
		"millrace_health_status_changes_total{level=instrument,mode=upi,state=down} 1",
		"millrace_health_downtimes_total{mode=upi,status=started} 2",
	} {
		if !slices.Contains(moved, line) {
			t.Errorf("there is no %s in %q", line, moved)
		}
	}
	h.Restart()
	h.ConsumeText("health-scores", "upi", "upi/a/g 2026-03-01T10:04:00Z 50%")
	lines := metrictest.Lines(t, r)
	for _, line := range []string{
		"millrace_health_status_changes_total{level=mode,mode=upi,state=probing} 0", "millrace_health_downtimes_total{mode=upi,status=resolved} 0",
		"millrace_health_other_attempts_total{mode=upi} 0",
	} {
		if !slices.Contains(lines, line) {
			t.Errorf("there is no %s in %q", line, lines)
		}
	}
}

// What a row has no room for is a dead letter, and changes nothing.
func TestNoRoom(t *testing.T) {
	h := streamtest.New(t, config(routing.NewMetrics(nil)))
	for i := range 201 {
		h.ConsumeText("overrides", "upi", fmt.Sprintf("o%d upi/sbi up 10:00-10:05", i))
	}
	letters := h.DeadLetters()
	if len(letters) != 1 || !strings.Contains(letters[0], "overrides-0-200 reason=row_too_large") {
		t.Errorf("%q", letters)
	}
}

func TestConfig(t *testing.T) {
	if err := routing.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if (routing.Config{}).Validate() == nil {
		t.Error("an empty config is valid")
	}
}
