package audit_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline/pipelinetest"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/timer"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/traffic"
)

// deployment is all groups in this process, on a broker of the test's own.
type deployment struct {
	*pipelinetest.Deployment
	t      *testing.T
	broker *embedded.Broker
}

func newDeployment(t *testing.T) *deployment { return newDeploymentWith(t, nil) }

// newDeploymentWith changes settings before groups start.
func newDeploymentWith(t *testing.T, change func(*config.Config)) *deployment {
	t.Helper()
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error("broker:", err)
		}
	})
	c := pipelinetest.Config{Brokers: []string{b.Addr()}, Compacted: map[string]string{"delete.retention.ms": "0", "min.compaction.lag.ms": "0"}, Change: change}
	return &deployment{pipelinetest.Start(t, c), t, b}
}

func (d *deployment) config() audit.Config {
	return audit.Config{
		Client: d.Settings.Client(), Topology: d.Topology, Settle: 120 * time.Millisecond, Every: 20 * time.Millisecond,
		Lead:      time.Millisecond, // nothing is sent before missions are in force
		Retention: d.Settings.Ledger.Retention,
	}
}

const spend = `[{"id":"spend","title":"Spend","currency":"INR","goal":{"metric":"amount","target":50000},"filters":[],
 "window":{"kind":"fixed","from":"2026-02-28","to":"2026-03-02"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":1},"limits":{"completions_per_user":7},"status":"active"}]`

// busy sends a mission and some thousand events, and returns when all is handled.
func (d *deployment) busy() {
	d.t.Helper()
	d.Missions(spend)
	c := traffic.DefaultConfig()
	c.Seed, c.Rate, c.Flat, c.Count = 5, 6, true, 2_000
	c.From = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	c.Users, c.Merchants, c.RefundWithin, c.Refunds, c.Duplicates, c.Poison = 30, 50, 3*time.Minute, 0.1, 0.02, 0.01
	g, err := traffic.New(c)
	d.Check(err)
	for r, ok := g.Next(); ok; r, ok = g.Next() {
		d.Check(d.Feed.Send(d.t.Context(), r.Value))
	}
	d.Check(d.Feed.Advance(d.t.Context(), 20*time.Minute))
	d.Rest()
}

// last returns the last record of a topic with a key and a value, of those that pick takes, without what the engine
// keeps.
func (d *deployment) last(topic string, pick func(r *kgo.Record) bool) *kgo.Record {
	d.t.Helper()
	ends, err := cluster.EndOffsets(d.t.Context(), d.Admin, []string{topic})
	d.Check(err)
	reader, err := kgo.NewClient(kgo.SeedBrokers(d.Settings.Brokers...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	d.Check(err)
	defer reader.Close()
	var found *kgo.Record
	newest := map[string]*kgo.Record{}
	for len(ends[topic]) > 0 {
		for r := range reader.PollFetches(d.t.Context()).RecordsAll() {
			if r.Offset+1 >= ends[topic][r.Partition] {
				delete(ends[topic], r.Partition)
			}
			if r.Value == nil || position.IsReserved(string(r.Key)) || watermark.Is(r.Value) {
				continue
			}
			newest[string(r.Key)] = r
		}
	}
	for _, r := range newest {
		if pick(r) {
			found = r
		}
	}
	if found == nil {
		d.t.Fatalf("%s has no such record", topic)
	}
	return found
}

func (d *deployment) verify() map[string]audit.Check {
	d.t.Helper()
	report, err := audit.Verify(d.t.Context(), d.config())
	d.Check(err)
	checks := map[string]audit.Check{}
	for _, c := range report.Checks {
		checks[c.Name] = c
		report.OK = report.OK && c.OK
	}
	for _, c := range report.Checks {
		if c.OK != (len(c.Evidence) == 0) {
			d.t.Errorf("%s: ok %v with %d lines of evidence", c.Name, c.OK, len(c.Evidence))
		}
	}
	return checks
}

// wrong finds a check failed, with evidence that holds all of the words, and all others passed but those named.
func (d *deployment) wrong(checks map[string]audit.Check, name string, also string, words ...string) {
	d.t.Helper()
	for n, c := range checks {
		if !c.OK && n != name && n != also {
			d.t.Errorf("%s: %q", n, c.Evidence)
		}
	}
	all := strings.Join(checks[name].Evidence, "\n")
	for _, w := range words {
		if !strings.Contains(all, w) {
			d.t.Errorf("%s: %q says nothing of %q", name, all, w)
		}
	}
}

func TestASoundDeploymentHasNoFindings(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.wrong(d.verify(), "", "") // empty
	d.busy()
	checks := d.verify()
	d.wrong(checks, "", "")
	if len(checks) != len(audit.Checks()) {
		t.Errorf("%d checks", len(checks))
	}
}

// Rows and topics as a bug would leave them: each is found by the check that is for it, and named.
func TestSeededInconsistenciesAreFound(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.busy()
	ledgers, users := string(d.Topology.Ledger.Table()), string(d.Topology.Progress.Table())
	settled := func(r *kgo.Record) bool {
		row, err := ledgercodec.Row{}.Decode(r.Value)
		return err == nil && row.Net() > 0
	}

	row := d.last(ledgers, settled)
	changed, err := ledgercodec.Row{}.Decode(row.Value)
	d.Check(err)
	changed.Facts.AmountMinor += 77
	value, err := ledgercodec.Row{}.Encode(changed)
	d.Check(err)
	d.Put(ledgers, string(row.Key), value)
	d.wrong(d.verify(), audit.Conservation, audit.Journal, "transaction "+string(row.Key), "postings add up to")
	d.Put(ledgers, string(row.Key), nil)
	d.wrong(d.verify(), audit.Conservation, "", "transaction "+string(row.Key), "deleted before the retention")
	d.Put(ledgers, string(row.Key), row.Value)
	d.wrong(d.verify(), "", "")

	user := d.last(users, func(r *kgo.Record) bool {
		row, err := missioncodec.UserRow{}.Decode(r.Value)
		return err == nil && len(row.States) > 0 && row.States[0].Tallies[0].Completions > 0
	})
	rich, err := missioncodec.UserRow{}.Decode(user.Value)
	d.Check(err)
	rich.Received[0].Net = rich.Received[0].Net.Add(5)
	rich.States[0].Tallies[0].Completions++
	value, err = missioncodec.UserRow{}.Encode(rich)
	d.Check(err)
	d.Put(users, string(user.Key), value)
	checks := d.verify()
	if checks[audit.Progress].OK {
		t.Error("the completion is not missed in the progress")
	}
	delete(checks, audit.Progress)
	d.wrong(checks, audit.Conservation, audit.Outcomes, "user "+string(user.Key), "progress has received")
	d.wrong(checks, audit.Outcomes, audit.Conservation, "user "+string(user.Key), "mission spend, window from")
	rich, err = missioncodec.UserRow{}.Decode(user.Value)
	d.Check(err)
	rich.States[0].Tallies[0].Recent = rich.States[0].Tallies[0].Recent.Add(7)
	value, err = missioncodec.UserRow{}.Encode(rich)
	d.Check(err)
	d.Put(users, string(user.Key), value)
	d.wrong(d.verify(), audit.Progress, "", "user "+string(user.Key), "mission spend version 1, window from", "its postings make")
	d.Put(users, string(user.Key), user.Value)

	purses, funds := string(d.Topology.Rewards.Table()), string(d.Topology.Budget.Table())
	winner := d.last(purses, func(r *kgo.Record) bool {
		row, err := rewardcodec.Row{}.Decode(r.Value)
		return err == nil && row.Coins.Balance > 0
	})
	lucky, err := rewardcodec.Row{}.Decode(winner.Value)
	d.Check(err)
	lucky.Coins.Balance += 9
	value, err = rewardcodec.Row{}.Encode(lucky)
	d.Check(err)
	d.Put(purses, string(winner.Key), value)
	d.wrong(d.verify(), audit.Coins, "", "user "+string(winner.Key), "its entries add up to")
	d.Put(purses, string(winner.Key), winner.Value)
	fund := d.last(funds, func(r *kgo.Record) bool {
		row, err := rewardcodec.BudgetRow{}.Decode(r.Value)
		return err == nil && row.Mission != nil && len(row.Mission.Accounts) > 0
	})
	spent, err := rewardcodec.BudgetRow{}.Decode(fund.Value)
	d.Check(err)
	spent.Mission.Accounts[0].Spent++
	value, err = rewardcodec.BudgetRow{}.Encode(spent)
	d.Check(err)
	d.Put(funds, string(fund.Key), value)
	d.wrong(d.verify(), audit.Budgets, "", "mission spend", "spent in coins")
	d.Put(funds, string(fund.Key), fund.Value)

	line := d.last(d.Topology.Journal.Name, func(*kgo.Record) bool { return true })
	entry, err := ledgercodec.JournalEntry{}.Decode(line.Value)
	d.Check(err)
	entry.Seq++
	value, err = ledgercodec.JournalEntry{}.Encode(entry)
	d.Check(err)
	d.Put(d.Topology.Journal.Name, string(line.Key), value)
	d.wrong(d.verify(), audit.Journal, "", "transaction "+string(line.Key))
}

func TestWhatIsCommittedTwiceOrTooLateIsFound(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.busy()
	any := func(*kgo.Record) bool { return true }
	final := d.last(d.Topology.HealthWindows.Name, any)
	d.Put(d.Topology.HealthWindows.Name, string(final.Key), final.Value)
	posting := d.last(d.Topology.Postings.Name, any)
	d.Put(d.Topology.Postings.Name, string(posting.Key), posting.Value) // which progress drops as a duplicate
	late := timer.AppendKey(nil, timer.Timer{Due: 1000, Key: "nobody"})
	r := &kgo.Record{Topic: stream.TimerTopic(d.Topology.Ledger.Name), Key: late, Value: timer.Value()}
	d.Check(d.Client.ProduceSync(t.Context(), r).FirstErr())
	d.Rest()
	ctx, cancel := context.WithCancel(t.Context())
	rising := make(chan struct{})
	go func() { // event time goes on meanwhile
		defer close(rising)
		for at := d.Feed.Latest().Add(30 * time.Minute); ctx.Err() == nil; at = at.Add(time.Second) {
			_ = d.Feed.Clock(ctx, at)
		}
	}()
	checks := d.verify()
	cancel()
	<-rising
	for name, words := range map[string]string{audit.Windows: "a second final", audit.Conservation: "comes after posting", audit.Timers: `timer "" of key "nobody" was due`} {
		if all := strings.Join(checks[name].Evidence, "\n"); !strings.Contains(all, words) {
			t.Errorf("%s: %q", name, all)
		}
	}
}

// differing returns what the gauge shows of a currency.
func differing(t *testing.T, r *prometheus.Registry, currency string) float64 {
	t.Helper()
	for _, line := range metrictest.Lines(t, r) {
		if text, ok := strings.CutPrefix(line, "millrace_conservation_difference_minor{currency="+currency+"} "); ok {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("there is no gauge of " + currency)
	return 0
}

func TestWatchFollowsMoney(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	r := prometheus.NewRegistry()
	m := audit.NewMetrics(r)
	c := d.config()
	looked := make(chan struct{})
	c.Clock = signalling(looked, time.Now)
	defer watch(t, c, m)()
	<-looked
	d.busy()
	difference := func(wrong bool) {
		t.Helper()
		for range 400 {
			<-looked
			if (differing(t, r, "INR") != 0) == wrong {
				return
			}
		}
		t.Errorf("the difference is %g", differing(t, r, "INR"))
	}
	for range 30 {
		<-looked
	}
	difference(false)
	row := d.last(string(d.Topology.Ledger.Table()), func(r *kgo.Record) bool {
		row, err := ledgercodec.Row{}.Decode(r.Value)
		return err == nil && row.Net() > 0 && row.Currency() == "INR"
	})
	changed, err := ledgercodec.Row{}.Decode(row.Value)
	d.Check(err)
	changed.Facts.AmountMinor += 77
	value, err := ledgercodec.Row{}.Encode(changed)
	d.Check(err)
	d.Put(row.Topic, string(row.Key), value)
	difference(true)
	d.Put(row.Topic, string(row.Key), row.Value)
	difference(false)
}
