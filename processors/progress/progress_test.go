package progress_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/processors/metric/metrictest"
	processor "github.com/millrace/millrace/processors/progress"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func TestScripts(t *testing.T) {
	registry := prometheus.NewRegistry()
	t.Cleanup(func() { metrictest.Known(t, registry, func(r prometheus.Registerer) { processor.NewMetrics(r) }) })
	streamtest.Run(t, "testdata/*.txt", scriptConfig(registry))
}

func TestTriggers(t *testing.T) {
	streamtest.Run(t, "testdata/triggers/*.txt", scriptConfig(prometheus.NewRegistry(),
		task.Rule{On: task.MissionCompleted, Kind: "cheer", Dedupe: task.ByIteration}, task.Rule{On: task.MissionRevoked, Kind: "console"}))
}

func scriptConfig(registry prometheus.Registerer, triggers ...task.Rule) streamtest.Config {
	t := topology.New(topology.DefaultConfig())
	return streamtest.Config{
		Build: func() streamtest.Processor {
			index := processor.NewIndex()
			return streamtest.Processor{
				Graph: processor.Graph(processor.DefaultConfig(), triggers, t, index, processor.NewMetrics(registry)),
				Index: map[string]func(string, []byte){string(t.Catalog.Table()): func(key string, value []byte) { _ = index.Set(key, value) }},
			}
		},
		Topics: []streamtest.Topic{
			streamtest.JSON(t.Erasures),
			{Name: t.Postings.Name, Parse: parsePosting},
			{Name: t.Outcomes.Name, Format: formatOutcome},
			{Name: t.Tasks.Name, Format: formatTask},
			{Name: string(t.Catalog.Table()), Parse: parseCatalogRow},
			{Name: t.Enrolments.Name, Parse: parseEnrolment},
			{Name: t.UserSegments.Name, Parse: parseSegments},
		},
		Row: formatRow,
	}
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

// parsePosting takes {"t","amount","before","after","seq","created","at"} of a payment at swiggy: before and seq
// default to those of a settlement, after to the amount, at to created.
func parsePosting(text string) ([]byte, error) {
	in := struct {
		T, Merchant, Currency, Created, At string
		Arrived                            instant.Milli
		Amount, Before, Seq                int64
		After                              *int64
	}{Merchant: "swiggy", Currency: "INR", Seq: 1}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return nil, err
	}
	p := &ledger.Posting{Kind: ledger.PaymentSettled, EventID: fmt.Sprint(in.T, "-", in.Seq), Seq: in.Seq, NetBefore: in.Before, NetAfter: in.Amount}
	p.Facts = payment.Facts{
		TransactionID: in.T, UserID: "u1", AmountMinor: in.Amount, Currency: in.Currency, Mode: "upi", Instrument: "sbi",
		Gateway: "razorpay", Labels: payment.Labels{payment.Merchant: in.Merchant},
	}
	if in.After != nil {
		p.NetAfter = *in.After
	}
	if in.Seq > 1 {
		p.Kind = ledger.PaymentReversed
	}
	if in.At == "" {
		in.At = in.Created
	}
	p.Origin = payment.Origin{Topic: "payments", Offset: 7, Timestamp: in.Arrived}
	if err := p.CreatedAt.UnmarshalText([]byte(in.Created)); err != nil {
		return nil, err
	}
	if err := p.At.UnmarshalText([]byte(in.At)); err != nil {
		return nil, err
	}
	return ledgercodec.Posting{}.Encode(p)
}

// parseCatalogRow takes what was done to one mission, joined by " then ": TIME {mission}, TIME STATUS, and TIME version
// FROM {mission}, which is backdated if FROM is not late enough.
func parseCatalogRow(text string) ([]byte, error) {
	var h mission.History
	for i, part := range strings.Split(text, " then ") {
		when, rest, _ := strings.Cut(part, " ")
		at, err := parseTime(when)
		if err != nil {
			return nil, err
		}
		from, isVersion := strings.CutPrefix(rest, "version ")
		switch {
		case isVersion:
			from, definition, _ := strings.Cut(from, " ")
			begin, err := parseTime(from)
			m, failed := missioncodec.Parse([]byte(definition))
			if err := errors.Join(err, failed); err != nil {
				return nil, err
			}
			var problems problem.List
			if h, problems = h.WithVersion(m, begin, at, begin < at.Add(mission.VersionLead)); problems != nil {
				return nil, problems
			}
		case i > 0:
			h = h.WithStatus(mission.Status(rest), at)
		default:
			m, err := missioncodec.Parse([]byte(rest))
			if err != nil {
				return nil, err
			}
			h = mission.NewHistory(m, at)
		}
	}
	return catalogcodec.Row{}.Encode(&catalog.Row{Kind: catalog.KindMission, EntityID: h.Definition().ID, Entity: catalog.Mission{History: h}})
}

func parseTime(text string) (at instant.Milli, err error) {
	err = at.UnmarshalText([]byte(text))
	return at, err
}

// parseEnrolment takes ID TIME enrol|withdraw MISSION, of the user u1.
func parseEnrolment(text string) ([]byte, error) {
	words := strings.Fields(text)
	at, err := parseTime(words[1])
	if err != nil {
		return nil, err
	}
	return missioncodec.Enrolment{}.Encode(&mission.Enrolment{ID: words[0], UserID: "u1", Op: mission.EnrolmentOp(words[2]), Mission: words[3], Actor: "u1", At: at})
}

// parseSegments takes ID TIME SEGMENT..., of the user u1.
func parseSegments(text string) ([]byte, error) {
	words := strings.Fields(text)
	at, err := parseTime(words[1])
	if err != nil {
		return nil, err
	}
	return missioncodec.UserSegments{}.Encode(&mission.Segments{ID: words[0], UserID: "u1", Segments: words[2:], Actor: "ops", At: at})
}

func formatOutcome(b []byte) string {
	o, err := missioncodec.Outcome{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	by := o.TransactionID
	if by == "" {
		by = "a command"
	}
	limits := ""
	if o.LimitsOf != o.Version {
		limits = fmt.Sprintf(", limits %d of v%d", o.Limits.Budget, o.LimitsOf)
	}
	return fmt.Sprintf("%s %s/%d v%d from %s for %s by %s, progress %d, %d %s, at %s%s", o.Kind, o.Mission, o.Iteration, o.Version, o.WindowStart, o.UserID, by, o.Progress,
		o.Reward.Amount, o.Reward.Kind, o.At, limits)
}

func formatRow(b []byte) string {
	row, err := missioncodec.UserRow{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, s := range row.States {
		out = append(out, formatState(s))
	}
	for _, set := range row.Segments {
		out = append(out, fmt.Sprintf("in %v from %s", set.Segments, set.At))
	}
	for _, v := range row.Verdicts {
		line := v.CommandID + " " + string(v.Result)
		for _, p := range v.Problems {
			line += ": " + p.Detail
		}
		out = append(out, line)
	}
	for _, r := range row.Received {
		out = append(out, fmt.Sprintf("received %s %d", r.Currency, r.Net.Int64()))
	}
	return strings.Join(append(out, fmt.Sprintf("%d recent", len(row.Recent))), ", ")
}

func formatState(s *mission.State) string {
	line := s.Mission
	if s.In() {
		line += fmt.Sprintf(" v%d since %s", s.Version, s.EnrolledAt)
	}
	if s.BeganAt != 0 {
		line += fmt.Sprintf(" began %s", s.BeganAt)
	}
	for _, w := range s.Switches {
		line += map[bool]string{false: " in ", true: " out "}[w.Out] + w.At.String()
	}
	for _, t := range s.Tallies {
		line += fmt.Sprintf(" [from %s: %d", t.Start, t.Settled.Plus(t.Recent).Int64())
		for _, e := range t.Entries {
			line += fmt.Sprintf(" %d%s*%d", e.Day, e.Value, e.Settled+e.Recent)
		}
		line += fmt.Sprintf(", %d completed]", t.Completions)
	}
	return line
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := streamtest.New(t, scriptConfig(registry))
	h.ConsumeText("catalog-table", "mission/all", `2026-03-01T00:00:00Z {"id":"all","currency":"INR","goal":{"metric":"amount","target":100},
		"window":{"kind":"fixed","from":"2026-03-01","to":"2026-04-01"},"reward":{"kind":"coins","amount":5},"status":"active"}`)
	h.ConsumeText("postings", "u1", `{"t":"t1","amount":100,"created":"2026-03-02T10:00:00Z"}`)
	h.ConsumeText("postings", "u1", `{"t":"t1","amount":100,"created":"2026-03-02T10:00:00Z"}`)
	h.ConsumeText("postings", "u1", `{"t":"t1","amount":100,"before":100,"after":40,"seq":2,"created":"2026-03-02T10:00:00Z"}`)
	h.ConsumeText("postings", "u1", `{"t":"t2","amount":7,"currency":"USD","created":"2026-03-02T10:00:00Z"}`)
	h.ConsumeText("enrolments", "u1", "c1 2026-03-02T10:00:00Z enrol nowhere")
	h.ConsumeText("enrolments", "u1", "c1 2026-03-02T10:00:00Z enrol nowhere")
	h.ConsumeText("user-segments", "u1", "s1 2026-03-02T10:00:00Z vip")
	want := []string{
		`millrace_duplicates_total{group=progress} 2`,
		`millrace_events_total{group=progress,outcome=counted} 2`,
		`millrace_events_total{group=progress,outcome=duplicate} 1`,
		`millrace_events_total{group=progress,outcome=not_counted} 1`,
		`millrace_mission_commands_total{op=enrol,verdict=refused} 1`,
		`millrace_mission_commands_total{op=segments,verdict=applied} 1`,
		`millrace_mission_outcomes_total{outcome=completed} 1`,
		`millrace_mission_outcomes_total{outcome=revoked} 1`,
		`millrace_progress_received_minor_total{currency=INR} 100`,
		`millrace_progress_received_minor_total{currency=USD} 7`,
		`millrace_progress_reversed_minor_total{currency=INR} 60`,
	}
	if diff := cmp.Diff(want, metrictest.Moved(t, registry)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	processor.NewMetrics(registry) // a second instance in the process shares them
}

// However old payments are, what counts is when their records arrived. A reversal may have waited for its payment and
// is not measured.
func TestEndToEndLatency(t *testing.T) {
	registry := prometheus.NewRegistry()
	c := scriptConfig(registry)
	c.Metrics, c.Wall = engine.NewMetrics(registry), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	h := streamtest.New(t, c)
	h.ConsumeText("postings", "u1", `{"t":"t1","amount":100,"created":"2024-03-02T10:00:00Z","arrived":"2026-03-01T11:59:57Z"}`)
	h.ConsumeText("postings", "u1", `{"t":"t1","amount":100,"before":100,"after":40,"seq":2,"created":"2024-03-02T10:00:00Z","arrived":"2026-03-01T11:00:00Z"}`)
	h.ConsumeText("postings", "u1", `{"t":"t2","amount":100,"created":"2024-03-02T10:00:00Z"}`)
	metrictest.EndToEnd(t, registry, "progress", 3)
}

func TestIndexKeepsAMissionWhoseRowIsDamaged(t *testing.T) {
	x := processor.NewIndex()
	m := mission.Default()
	m.ID, m.Currency, m.Status = "m", "INR", mission.Active
	m.Goal = mission.Goal{Metric: mission.MetricCount, Target: 1}
	m.Window = mission.Window{Kind: mission.WindowFixed, From: "2026-03-01", To: "2026-03-02"}
	m.Reward = mission.Reward{Kind: mission.RewardScratchCard}
	row, _ := catalog.Apply(nil, catalog.NewPut("c", "test", 1, catalog.NewMission(m)), catalog.DefaultConfig())
	b, err := catalogcodec.Row{}.Encode(row)
	if err != nil {
		t.Fatal(err)
	}
	key := catalog.MissionKey("m")
	if err := errors.Join(x.Set(key, b), x.Set(catalog.Key(catalog.KindFreeze, "upi"), []byte("damaged"))); err != nil { // no business of missions
		t.Error(err)
	}
	if err := x.Set(key, []byte("damaged")); err == nil || len(x.Snapshot().Missions()) != 1 {
		t.Errorf("%v, %d missions", err, len(x.Snapshot().Missions()))
	}
	if err := x.Set(key, nil); err != nil || len(x.Snapshot().Missions()) != 0 {
		t.Errorf("%v, %d missions", err, len(x.Snapshot().Missions()))
	}
}
