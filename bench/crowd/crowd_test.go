package crowd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline"
	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// The sides that take turns, the postings of one turn, and those before the first: after them rows are what they are,
// and grow slowly.
const (
	few, many = 10, 1000
	users     = 400
	turn      = 2000
	warmUp    = 160_000
	shops     = 1000
	// pace is between two postings: a user's last day holds about 60.
	pace = 3600 * time.Millisecond
)

// BenchmarkMissions has users pay a third of the time at the shop of four missions, and else, in its first part, at
// shops of which hardly any has one: what is compared is how many missions there are. In the second part they pay where
// the thousand missions are, and are in hundreds of them; then it is also their rows that grow.
func BenchmarkMissions(b *testing.B) {
	b.Run("elsewhere", func(b *testing.B) { compare(b, 100*shops) })
	b.Run("everywhere", func(b *testing.B) { compare(b, shops) })
}

// compare gives the same postings to a deployment with 10 missions and to one with 1,000, in turns, and compares the
// CPU time of this process for a posting: reading, judging and committing it, with the broker's share in both. The
// machine's speed and its other work are in both as well; only the ratio means something. docs/design.md, section 6.1,
// allows 2.
func compare(b *testing.B, among int) {
	broker, err := embedded.Start(embedded.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = broker.Close() }()
	var sides []*side
	for _, n := range []int{few, many} { // profiles tell their goroutines apart by the label
		pprof.Do(b.Context(), pprof.Labels("missions", fmt.Sprint(n)), func(context.Context) { sides = append(sides, start(b, broker.Addr(), n)) })
	}
	traffic := &traffic{random: rand.New(rand.NewPCG(1, 2)), among: among}
	play := func(round, n int) (cost [2]float64) {
		records := traffic.postings(n)
		for _, i := range []int{round % 2, 1 - round%2} {
			cost[i] = sides[i].handle(b, records)
		}
		return cost
	}
	const chunk = 10 * turn
	for range warmUp / chunk {
		play(0, chunk)
	}
	var ratios, ten, thousand []float64
	for b.Loop() {
		cost := play(len(ratios), turn)
		ratios, ten, thousand = append(ratios, cost[1]/cost[0]), append(ten, cost[0]), append(thousand, cost[1])
	}
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(ten), "us/posting-of-10")
	b.ReportMetric(median(thousand), "us/posting-of-1000")
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// side is a deployment.
type side struct {
	topo   *topology.Topology
	client *kgo.Client
	admin  *cluster.Admin
}

// start deploys catalog and progress with missions.
func start(b *testing.B, broker string, missions int) *side {
	b.Helper()
	ctx := b.Context()
	client, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	s := &side{
		topo:   topology.New(topology.Config{Prefix: fmt.Sprintf("of-%d-", missions), Partitions: 4, Replication: 1}),
		client: client, admin: cluster.NewAdmin(client),
	}
	if _, err := cluster.Apply(ctx, s.admin, s.topo.Topics()); err != nil {
		b.Fatal(err)
	}
	settings := config.Default()
	settings.Brokers, settings.Prefix, settings.Partitions, settings.Replication = []string{broker}, s.topo.Config.Prefix, s.topo.Config.Partitions, 1
	p, err := pipeline.Start(context.WithoutCancel(ctx), pipeline.Config{Settings: settings, Topology: s.topo, Groups: []string{"catalog", "progress"}})
	if err == nil {
		err = p.Ready(ctx)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := p.Stop(); err != nil {
			b.Error(err)
		}
	})
	var commands []*kgo.Record
	for i := range missions {
		c := catalog.NewPut(fmt.Sprint("put-", i), "bench", instant.Of(began()), catalog.NewMission(theMission(i)))
		value, err := catalogcodec.Command{}.Encode(c)
		if err != nil {
			b.Fatal(err)
		}
		commands = append(commands, s.record(s.topo.CatalogCommands.Name, c.Key(), value))
	}
	s.send(b, commands)
	s.drain(b, s.topo.Catalog.Name, s.topo.CatalogCommands.Name)
	table := string(s.topo.Catalog.Table())
	ends, err := cluster.EndOffsets(ctx, s.admin, []string{table})
	if err == nil {
		err = p.Handled(s.topo.Progress.Name, table).Wait(ctx, ends[table])
	}
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func began() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }

// theMission is one of many as operators make them. Each name a shop of its own but for the first four, which share the
// largest; one in a hundred takes every payment of a category that is rare.
func theMission(i int) mission.Mission {
	m := mission.Default()
	m.ID, m.Title, m.Currency, m.Status = fmt.Sprintf("m%04d", i), "Spend", "INR", mission.Active
	m.TimeZone = "Asia/Kolkata"
	goals := []mission.Goal{
		{Metric: mission.MetricAmount, Target: 500_000}, {Metric: mission.MetricCount, Target: 50},
		{Metric: mission.MetricStreak, Target: 1}, {Metric: mission.MetricDistinct, Field: "category", Target: 3},
	}
	windows := []mission.Window{
		{Kind: mission.WindowFixed, From: "2026-03-01", To: "2026-04-01"}, {Kind: mission.WindowRecurring, Every: mission.EveryDay},
		{Kind: mission.WindowPerUser, Duration: 72 * time.Hour},
	}
	m.Goal, m.Window = goals[i%len(goals)], windows[i%len(windows)]
	m.Reward = mission.Reward{Kind: mission.RewardCoins, Amount: 5}
	field, value := "merchant", shop(0)
	switch {
	case i%100 == 9:
		field, value = "category", "travel"
	case i >= 4:
		value = shop(i)
	}
	m.Filters = []mission.Filter{{ID: field, Operator: mission.Eq, Values: []mission.Value{{Kind: mission.TextValue, Text: value}}}}
	return m
}

func shop(i int) string { return fmt.Sprint("shop-", i) }

// traffic makes payments: a third at the largest shop, the others at any of so many.
type traffic struct {
	random *rand.Rand
	among  int
	made   int
}

func (t *traffic) postings(n int) []*ledger.Posting {
	out := make([]*ledger.Posting, n)
	for i := range out {
		at := instant.Of(began().Add(time.Duration(t.made) * pace))
		facts := payment.Facts{
			TransactionID: fmt.Sprintf("txn-%08d", t.made), UserID: fmt.Sprint("u", t.random.IntN(users)), AmountMinor: 12_550, Currency: "INR",
			Mode: "upi", Instrument: "sbi", Gateway: "razorpay", Labels: payment.Labels{payment.Merchant: shop(0), payment.Category: "food"}, CreatedAt: at,
		}
		t.made++
		if t.random.IntN(3) > 0 {
			facts.Labels[payment.Merchant] = shop(t.random.IntN(t.among))
		}
		if t.random.IntN(50) == 0 {
			facts.Labels[payment.Category] = "travel"
		}
		out[i] = &ledger.Posting{Facts: facts, Kind: ledger.PaymentSettled, EventID: "e", Seq: 1, NetAfter: facts.AmountMinor, At: at}
	}
	return out
}

// handle returns how many microseconds of CPU time a posting took.
func (s *side) handle(b *testing.B, postings []*ledger.Posting) float64 {
	b.Helper()
	records := make([]*kgo.Record, len(postings))
	for i, p := range postings {
		value, err := ledgercodec.Posting{}.Encode(p)
		if err != nil {
			b.Fatal(err)
		}
		records[i] = s.record(s.topo.Postings.Name, p.UserID, value)
	}
	from := cpu()
	s.send(b, records)
	s.drain(b, s.topo.Progress.Name, s.topo.Postings.Name)
	return float64((cpu() - from).Microseconds()) / float64(len(postings))
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it cannot fail for this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (s *side) record(topic, key string, value []byte) *kgo.Record {
	return &kgo.Record{Topic: topic, Partition: stream.Partition([]byte(key), s.topo.Config.Partitions), Key: []byte(key), Value: value}
}

func (s *side) send(b *testing.B, records []*kgo.Record) {
	b.Helper()
	if err := s.client.ProduceSync(b.Context(), records...).FirstErr(); err != nil {
		b.Fatal(err)
	}
}

func (s *side) drain(b *testing.B, group, topic string) {
	b.Helper()
	if err := cluster.Drain(b.Context(), s.admin, []cluster.Stage{{Group: group, Topics: []string{topic}}}, 5*time.Millisecond); err != nil {
		b.Fatal(err)
	}
}
