package pool

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Outcomes come in all the time: one every pause, of so many missions, of which every tenth gives codes of the pool
// that is filled.
const (
	pause    = 5 * time.Millisecond
	missions = 50
	early    = 1000 // codes that the pool has before
)

// BenchmarkImport brings in b.N codes, in records as the catalog writes them, while outcomes arrive: codes a second
// until the last can be drawn, and how long outcomes wait for their verdict, from when they are sent until a reader of
// committed records has it.
func BenchmarkImport(b *testing.B) {
	broker, err := embedded.Start(embedded.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = broker.Close() }()
	d := start(b, broker.Addr())
	d.stock("early", early)
	d.drain()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var traffic sync.WaitGroup
	traffic.Go(func() { d.read(ctx) })
	sender, stop := context.WithCancel(ctx)
	var sending sync.WaitGroup
	sending.Go(func() { d.send(sender) })
	b.ResetTimer()
	from := time.Now()
	d.stock("late", b.N)
	d.until(func() bool { return d.stocked == int64(early+b.N) })
	took := time.Since(from)
	b.StopTimer()
	stop()
	sending.Wait()
	d.until(func() bool { return len(d.sent) == 0 })
	cancel()
	traffic.Wait()
	b.ReportMetric(float64(b.N)/took.Seconds(), "codes/s")
	for name, waits := range d.waits {
		slices.Sort(waits)
		for q, at := range map[string]int{"p50": len(waits) / 2, "p99": len(waits) * 99 / 100, "max": len(waits) - 1} {
			b.ReportMetric(float64(waits[max(at, 0)].Milliseconds()), "ms-"+name+"-"+q)
		}
	}
}

// deployment is the budget group and what it takes.
type deployment struct {
	b      *testing.B
	broker string
	topo   *topology.Topology
	client *kgo.Client
	admin  *cluster.Admin

	mu      sync.Mutex
	sent    map[string]time.Time // by user, one for each outcome
	waits   map[string][]time.Duration
	stocked int64 // as the pool's head has it
	more    chan struct{}
}

func start(b *testing.B, broker string) *deployment {
	b.Helper()
	d := &deployment{b: b, broker: broker, sent: map[string]time.Time{}, waits: map[string][]time.Duration{}, more: make(chan struct{}, 1)}
	d.topo = topology.New(topology.Config{Partitions: 4, Replication: 1})
	var err error
	d.client, err = kgo.NewClient(kgo.SeedBrokers(broker), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	d.check(err)
	b.Cleanup(d.client.Close)
	d.admin = cluster.NewAdmin(d.client)
	_, err = cluster.Apply(b.Context(), d.admin, d.topo.Topics())
	d.check(err)
	settings := config.Default()
	settings.Brokers, settings.Partitions, settings.Replication = []string{broker}, d.topo.Config.Partitions, 1
	p, err := pipeline.Start(context.WithoutCancel(b.Context()), pipeline.Config{Settings: settings, Topology: d.topo, Groups: []string{"budget"}})
	d.check(err)
	b.Cleanup(func() { d.check(p.Stop()) })
	d.check(p.Ready(b.Context()))
	return d
}

func (d *deployment) check(err error) {
	d.b.Helper()
	if err != nil {
		d.b.Fatal(err)
	}
}

func (d *deployment) record(topic, key string, value []byte) *kgo.Record {
	return &kgo.Record{Topic: topic, Partition: stream.Partition([]byte(key), d.topo.Config.Partitions), Key: []byte(key), Value: value}
}

// stock sends codes for the pool.
func (d *deployment) stock(name string, n int) {
	d.b.Helper()
	var records []*kgo.Record
	for from := 0; from < n; from += catalog.MaxChunk {
		c := &budget.Codes{Pool: "p"}
		for i := from; i < min(n, from+catalog.MaxChunk); i++ {
			c.Codes = append(c.Codes, fmt.Sprintf("%s-%012d", name, i))
		}
		value, err := rewardcodec.PoolCodes{}.Encode(c)
		d.check(err)
		records = append(records, d.record(d.topo.PoolCodes.Name, budget.PoolKey(c.Pool), value))
	}
	d.check(d.client.ProduceSync(d.b.Context(), records...).FirstErr())
}

// drain returns when the group has handled what there is and its loop is empty.
func (d *deployment) drain() {
	d.b.Helper()
	for _, s := range cluster.Stages(d.topo) {
		if s.Group == d.topo.Budget.Name {
			d.check(cluster.Drain(d.b.Context(), d.admin, []cluster.Stage{s}, 5*time.Millisecond))
			return
		}
	}
}

// send sends outcomes until ctx ends.
func (d *deployment) send(ctx context.Context) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		o := &mission.Outcome{
			Kind: mission.Completed, Mission: "m" + strconv.Itoa(i%missions), UserID: "u" + strconv.Itoa(i), Version: 1, Iteration: 1, Currency: "INR",
			Reward: mission.Reward{Kind: mission.RewardCoins, Amount: 1}, Grant: mission.Grant{Mode: mission.GrantAuto},
		}
		if i%10 == 0 {
			o.Reward.Kind, o.Reward.Pool = mission.RewardGiftCard, "p"
		}
		value, err := missioncodec.Outcome{}.Encode(o)
		if err != nil {
			d.b.Error(err)
			return
		}
		d.mu.Lock()
		d.sent[o.UserID] = time.Now()
		d.mu.Unlock()
		d.client.Produce(context.WithoutCancel(ctx), d.record(d.topo.Outcomes.Name, o.Mission, value), nil)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	d.check(d.client.Flush(context.WithoutCancel(ctx)))
}

// read takes verdicts until ctx ends.
func (d *deployment) read(ctx context.Context) {
	table := string(d.topo.Budget.Table())
	reader, err := kgo.NewClient(kgo.SeedBrokers(d.broker), kgo.ConsumeTopics(d.topo.RewardsIn.Name, table), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		d.b.Error(err)
		return
	}
	defer reader.Close()
	for ctx.Err() == nil {
		for r := range reader.PollFetches(ctx).RecordsAll() {
			if err := d.apply(r); err != nil {
				d.b.Error(err)
				return
			}
		}
		select {
		case d.more <- struct{}{}:
		default:
		}
	}
}

func (d *deployment) apply(r *kgo.Record) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.Topic == string(d.topo.Budget.Table()) {
		if string(r.Key) != budget.PoolKey("p") {
			return nil
		}
		row, err := rewardcodec.BudgetRow{}.Decode(r.Value)
		if err == nil {
			d.stocked = row.Pool.Stocked
		}
		return err
	}
	a, err := rewardcodec.Allotment{}.Decode(r.Value)
	if err != nil {
		return err
	}
	kind := "coins"
	if a.Reward.Pool != "" {
		kind = "code"
	}
	if at, ok := d.sent[a.UserID]; ok {
		d.waits[kind] = append(d.waits[kind], time.Since(at))
		delete(d.sent, a.UserID)
	}
	return nil
}

// until returns when what the reader has seen is so.
func (d *deployment) until(so func() bool) {
	d.b.Helper()
	for {
		d.mu.Lock()
		is := so()
		d.mu.Unlock()
		if is {
			return
		}
		select {
		case <-d.more:
		case <-d.b.Context().Done():
			d.b.Fatal("it did not come to be so")
		}
	}
}
