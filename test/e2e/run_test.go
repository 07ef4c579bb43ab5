package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/cmd/pipeline"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/test/campaign"
	"github.com/millrace/millrace/test/model"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/traffic"
)

// run is one deployment with all processors in this process.
type run struct {
	t        *testing.T
	seeds    []string
	topo     *topology.Topology
	client   *kgo.Client
	admin    *cluster.Admin
	log      *topicLog
	feed     *feed.Feed
	pipeline *pipeline.Pipeline
	claims   *campaign.Claimants
	provider *campaign.Provider
	settings config.Config
	asked    bool // users have asked for missions
	commands int  // to the catalog
}

func start(ctx context.Context, t *testing.T, partitions int32) *run {
	t.Helper()
	r := &run{t: t, seeds: brokers(t)}
	r.topo = createTopics(ctx, t, r.seeds, partitions)
	r.client = newClient(t, kgo.SeedBrokers(r.seeds...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	r.admin = cluster.NewAdmin(r.client)
	r.log = newTopicLog(t, r.seeds, r.admin, r.topics())
	var err error
	if r.feed, err = feed.Open(ctx, feed.Config{Client: engine.ClientConfig{Brokers: r.seeds}, Topic: r.topo.Payments.Name}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.feed.Close)
	r.provider, r.settings = employ(t, r.seeds, r.topo)
	r.startPipeline(ctx)
	t.Cleanup(func() { r.stopPipeline() })
	r.claims, err = campaign.StartClaimants(ctx, campaign.ClaimantsConfig{Brokers: r.seeds, Topology: r.topo})
	t.Cleanup(func() {
		if err := r.claims.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// topics are those that the test reads.
func (r *run) topics() []string {
	t := r.topo
	return []string{
		t.Payments.Name, t.Transactions.Name, t.Postings.Name, t.Journal.Name, t.Attempts.Name, t.Outcomes.Name, t.DeadLetterRecords.Name,
		t.HealthWindows.Name, t.HealthCorrections.Name, t.CatalogEvents.Name, string(t.Ledger.Table()), string(t.Progress.Table()),
		t.Enrolments.Name, t.UserSegments.Name, t.PoolCodes.Name, t.RewardsIn.Name, t.BudgetReturns.Name, t.Tasks.Name, t.RewardResults.Name,
		t.Claims.Name, t.Notifications.Name, string(t.Budget.Table()), string(t.Rewards.Table()), string(t.TaskQueues.Table()),
	}
}

func (r *run) startPipeline(ctx context.Context) {
	r.t.Helper()
	s := r.settings
	s.Approval.Unlimited = false   // missions of the campaign have no budget
	s.Health.IdleAfter = time.Hour // clock events end the run: the wall clock must not, however slow the machine is
	var err error
	r.pipeline, err = pipeline.Start(ctx, pipeline.Config{
		Settings: s, Topology: r.topo, Log: slog.New(slog.NewTextHandler(logWriter{r.t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.pipeline.Ready(ctx); err != nil {
		r.t.Fatal(err)
	}
}

func (r *run) stopPipeline() {
	if r.pipeline == nil {
		return
	}
	if err := r.pipeline.Stop(); err != nil {
		r.t.Error("stop:", err)
	}
	r.pipeline = nil
}

// logWriter passes the processors' warnings on to the test's log.
type logWriter struct{ t *testing.T }

func (w logWriter) Write(b []byte) (int, error) {
	w.t.Log(string(bytes.TrimSpace(b)))
	return len(b), nil
}

func partitionOf(key string, t *topology.Topology) int32 {
	return stream.Partition([]byte(key), t.Config.Partitions)
}

func (r *run) send(ctx context.Context, records []traffic.Record) {
	r.t.Helper()
	for _, rec := range records {
		if err := r.feed.Send(ctx, rec.Value); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := r.feed.Flush(ctx); err != nil {
		r.t.Fatal(err)
	}
}

func (r *run) drain(ctx context.Context, stages ...cluster.Stage) {
	r.t.Helper()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stopped := r.pipeline.Done()
	go func() { // nothing will be handled any more
		select {
		case <-stopped:
			cancel(errors.New("the pipeline stopped"))
		case <-ctx.Done():
		}
	}()
	if err := cluster.Drain(ctx, r.admin, stages, 20*time.Millisecond); err != nil {
		r.t.Fatal("drain:", err, r.pipeline.Err())
	}
}

// settle ends the run with clock events, waits until the pipeline has come to rest, and returns the differences from
// the oracle.
func (r *run) settle(ctx context.Context, records []traffic.Record) []string {
	r.t.Helper()
	if err := r.feed.Advance(ctx, 20*time.Minute); err != nil {
		r.t.Fatal(err)
	}
	patience, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("no rest within a minute"))
	defer cancel()
	for {
		d := r.differences(ctx, records)
		if len(d) == 0 {
			break
		}
		// Timers fire a while after the record that made them due was committed; what they emit arrives here.
		if err := r.log.pollUntil(patience, time.Now().Add(200*time.Millisecond)); err != nil {
			return append(d, err.Error())
		}
	}
	// All is well now. It must stay so: this clock goes through every group behind whatever was still under way.
	if err := r.feed.Advance(ctx, 21*time.Minute); err != nil {
		r.t.Fatal(err)
	}
	d := r.differences(ctx, records)
	r.t.Logf("%d windows closed, %d corrections", len(r.log.records[r.topo.HealthWindows.Name]), len(r.log.records[r.topo.HealthCorrections.Name]))
	return d
}

// verify audits what is committed as millrace verify does.
func (r *run) verify(ctx context.Context) {
	r.t.Helper()
	report, err := audit.Verify(ctx, audit.Config{Client: engine.ClientConfig{Brokers: r.seeds}, Topology: r.topo, Settle: time.Second})
	if err != nil || !report.OK {
		r.t.Errorf("%v %+v", err, report)
	}
}

// differences compares all that is there once every group has worked off its input.
func (r *run) differences(ctx context.Context, records []traffic.Record) []string {
	r.t.Helper()
	r.calm(ctx)
	r.log.readTo(ctx, r.topics()...)
	want := r.fold()
	intake, got, problems := r.observe()
	problems = append(problems, r.compareIntake(records, intake)...)
	problems = append(problems, model.Compare(want, got)...)
	problems = append(problems, r.treasury()...)
	lost, wrong := errands(r.log, r.topo, r.provider)
	problems = append(append(problems, lost...), wrong...)
	problems = append(problems, enough(want)...)
	if r.asked {
		problems = append(problems, everywhere(want, oracleMissions(r.t))...)
	}
	return problems
}

// calm returns when every group has worked off its input, every task has ended, and users have asked for all that it
// makes them ask for.
func (r *run) calm(ctx context.Context) {
	r.t.Helper()
	ends := func(topic string) cluster.Ends {
		found, err := cluster.EndOffsets(ctx, r.admin, []string{topic})
		if err != nil {
			r.t.Fatal(err)
		}
		return found
	}
	for claims := ends(r.topo.Claims.Name); ; {
		r.drain(ctx, cluster.Stages(r.topo)...)
		if r.awaitErrands(ctx) {
			continue // others have heard of it
		}
		if err := r.claims.Reach(ctx, ends(r.topo.Notifications.Name)); err != nil {
			r.t.Fatal(err)
		}
		before := claims
		if claims = ends(r.topo.Claims.Name); reflect.DeepEqual(before, claims) {
			return
		}
	}
}

// fold returns what must have come of the logs of transactions, enrolments and segments.
func (r *run) fold() *model.Result {
	r.t.Helper()
	fold, err := model.New(oracleMissions(r.t)...)
	if err != nil {
		r.t.Fatal(err)
	}
	for topic, take := range map[string]func(*kgo.Record) error{
		r.topo.Transactions.Name: func(rec *kgo.Record) error { return fold.Add(rec.Partition, rec.Value) },
		r.topo.Enrolments.Name:   func(rec *kgo.Record) error { return fold.Enrolment(rec.Value) },
		r.topo.UserSegments.Name: func(rec *kgo.Record) error { return fold.Segments(rec.Value) },
	} {
		for _, rec := range r.log.records[topic] {
			if err := take(rec); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	return fold.Result()
}

// enough complains if the traffic was too tame to prove anything.
func enough(r *model.Result) []string {
	var out []string
	timeouts, retries, completions, reasons := 0, 0, int64(0), map[string]int{}
	places := map[string]map[string]bool{}
	for k, a := range r.Attempts {
		if a.Outcome == "timeout" {
			timeouts++
		}
		if places[k.Transaction] == nil {
			places[k.Transaction] = map[string]bool{}
		}
		if places[k.Transaction][k.Place] = true; len(places[k.Transaction]) > 1 {
			retries++
		}
	}
	for _, p := range r.Progress {
		completions += p.Completions
	}
	for _, reason := range r.DeadLetters {
		reasons[reason]++
	}
	for what, n := range map[string]int{
		"duplicates": len(r.Duplicates), "timeouts": timeouts, "payments with attempts at several places": retries, "completions": int(completions), "windows": len(r.Windows),
		"conflicting_duplicate": reasons["conflicting_duplicate"], "over_reversal": reasons["over_reversal"],
		"status_regression": reasons["status_regression"], "currency_mismatch": reasons["currency_mismatch"],
	} {
		if n == 0 {
			out = append(out, "the traffic has no "+what)
		}
	}
	return out
}

// everywhere complains of versions of missions that nobody has completed, or where a window is only one.
func everywhere(r *model.Result, missions []oracle.Mission) []string {
	type version struct {
		mission string
		number  int64
	}
	completions, starts := map[version]int64{}, map[version]map[instant.Milli]bool{}
	for k, p := range r.Progress {
		v := version{k.Mission, k.Version}
		completions[v] += p.Completions
		if starts[v] == nil {
			starts[v] = map[instant.Milli]bool{}
		}
		starts[v][k.Start] = true
	}
	var out []string
	for _, m := range missions {
		for i := range 1 + len(m.Later) {
			v := version{m.ID, int64(i + 1)}
			if completions[v] == 0 || i == 0 && m.Window.Kind != "fixed" && len(starts[v]) < 2 {
				out = append(out, fmt.Sprintf("the traffic has %d completions of %v in %d windows", completions[v], v, len(starts[v])))
			}
		}
	}
	return out
}

// observe decodes what the pipeline wrote. Intake's dead letters are returned apart.
func (r *run) observe() (intake map[string]string, result *model.Result, problems []string) {
	r.t.Helper()
	o, t := model.NewObserved(), r.topo
	give := func(records []*kgo.Record, take func(*kgo.Record) error) {
		for _, rec := range records {
			if watermark.Is(rec.Value) {
				continue
			}
			if err := take(rec); err != nil {
				problems = append(problems, fmt.Sprintf("%s-%d-%d: %v", rec.Topic, rec.Partition, rec.Offset, err))
			}
		}
	}
	each := func(topic string, take func(*kgo.Record) error) { give(r.log.records[topic], take) }
	give(r.log.rows(string(t.Ledger.Table())), func(r *kgo.Record) error { return o.LedgerRow(string(r.Key), r.Value) })
	give(r.log.rows(string(t.Progress.Table())), func(r *kgo.Record) error { return o.UserRow(string(r.Key), r.Value) })
	each(t.Postings.Name, func(r *kgo.Record) error { return o.Posting(r.Value) })
	each(t.Journal.Name, func(r *kgo.Record) error { return o.JournalEntry(r.Value) })
	each(t.Attempts.Name, func(r *kgo.Record) error { return o.Attempt(r.Value) })
	each(t.Outcomes.Name, func(r *kgo.Record) error { return o.Outcome(r.Value) })
	window := func(final bool) func(*kgo.Record) error {
		return func(r *kgo.Record) error {
			if w, err := t.HealthWindows.Codec.Decode(r.Value); err == nil && r.Timestamp.UnixMilli() != int64(w.End) {
				problems = append(problems, fmt.Sprintf("%s-%d-%d: stamped %v, its window ends %v", r.Topic, r.Partition, r.Offset, r.Timestamp, w.End))
			}
			return o.Window(r.Value, final)
		}
	}
	each(t.HealthWindows.Name, window(true))
	each(t.HealthCorrections.Name, window(false))
	intake = map[string]string{}
	each(t.DeadLetterRecords.Name, func(rec *kgo.Record) error {
		id, reason := string(rec.Key), header(rec, stream.HeaderReason)
		if header(rec, stream.HeaderGroup) != t.Intake.Name {
			o.DeadLetter(id, reason)
			return nil
		}
		if _, twice := intake[id]; twice {
			return errors.New("a second dead letter of one record")
		}
		intake[id] = reason
		return nil
	})
	result, more := o.Result()
	return intake, result, append(problems, more...)
}

func header(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// compareIntake checks that every record of payments came out as exactly one of dead letter, event and clock, and
// poison as the dead letter that its class demands.
func (r *run) compareIntake(records []traffic.Record, dead map[string]string) []string {
	reasons := map[string]string{} // poison by its bytes
	for _, rec := range records {
		if rec.Kind == traffic.Poisoned {
			reasons[string(rec.Value)] = string(traffic.Poisons()[rec.Poison].Reason)
		}
	}
	var out []string
	events := map[string]int{}
	for _, rec := range r.log.records[r.topo.Transactions.Name] {
		if watermark.Is(rec.Value) {
			continue
		}
		e, err := paymentcodec.Event{}.Decode(rec.Value)
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		events[topology.Coordinates(e.Origin).String()]++
	}
	lines := 0
	for _, rec := range r.log.records[r.topo.Payments.Name] {
		if strings.HasPrefix(string(rec.Value), `{"type":"clock"`) {
			continue
		}
		lines++
		id := fmt.Sprintf("%s-%d-%d", rec.Topic, rec.Partition, rec.Offset)
		reason, poison := reasons[string(rec.Value)]
		wantEvents := 1
		if poison {
			wantEvents = 0
		}
		if events[id] != wantEvents || dead[id] != reason {
			out = append(out, fmt.Sprintf("payments record %s: %d events and dead letter %q, want %d and %q: %.200s",
				id, events[id], dead[id], wantEvents, reason, rec.Value))
		}
	}
	if lines != len(records) || len(dead) != len(reasons) {
		out = append(out, fmt.Sprintf("%d lines sent, %d there; %d of them poison, %d dead letters of intake", len(records), lines, len(reasons), len(dead)))
	}
	slices.Sort(out)
	return out[:min(len(out), 10)]
}
