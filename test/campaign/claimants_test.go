package campaign_test

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/test/campaign"
	"github.com/millrace/millrace/topology"
)

// desk stands for the rewards group: it keeps a verdict on every command.
type desk struct {
	t      *testing.T
	addr   string
	topo   *topology.Topology
	client *kgo.Client
	admin  *cluster.Admin
	rows   map[string]*reward.Row
	times  map[string]int // how often each command was sent
	most   int            // commands of a user at once
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	broker, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	d := &desk{t: t, addr: broker.Addr(), topo: topology.New(topology.Config{Prefix: "desk-", Partitions: 2, Replication: 1}), rows: map[string]*reward.Row{}, times: map[string]int{}}
	client := func(opts ...kgo.Opt) *kgo.Client {
		c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(d.addr), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	d.admin = cluster.NewAdmin(client())
	if _, err := cluster.Apply(t.Context(), d.admin, d.topo.Topics()); err != nil {
		t.Fatal(err)
	}
	d.client = client(kgo.ConsumeTopics(d.topo.Claims.Name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	return d
}

// serve answers until ctx ends. All that a poll finds is answered at once, as a transaction answers it.
func (d *desk) serve(ctx context.Context) {
	for {
		fetches := d.client.PollFetches(ctx)
		if ctx.Err() != nil {
			return
		}
		asked := map[string]map[string]bool{}
		for r := range fetches.RecordsAll() {
			c, err := rewardcodec.Command{}.Decode(r.Value)
			if err != nil || string(r.Key) != c.UserID {
				d.t.Errorf("%s: %+v, %v", r.Key, c, err)
				continue
			}
			if asked[c.UserID] == nil {
				asked[c.UserID] = map[string]bool{}
			}
			asked[c.UserID][c.ID] = true
			d.times[c.ID]++
		}
		for user, ids := range asked {
			d.most = max(d.most, len(ids))
			row := d.rows[user]
			if row == nil {
				row = &reward.Row{}
				d.rows[user] = row
			}
			for id := range ids {
				row.Verdicts = row.Verdicts.With(verdict.Verdict{CommandID: id, Result: verdict.Applied})
			}
			value, _ := rewardcodec.Row{}.Encode(row) // never fails
			d.send(string(d.topo.Rewards.Table()), user, [][]byte{value})
		}
	}
}

func (d *desk) send(topic, user string, values [][]byte) {
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: topic, Key: []byte(user), Value: v, Partition: stream.Partition([]byte(user), d.topo.Config.Partitions)})
	}
	if err := d.client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		d.t.Error(err)
	}
}

// notify notifies a user of many rewards to be claimed.
func (d *desk) notify(user string) {
	var values [][]byte
	for i := range int64(200) {
		n := &reward.Notice{UserID: user, RewardID: reward.ID(user, "m", i, 0, 1), Mission: "m", Epoch: 1, State: reward.Claimable}
		value, _ := rewardcodec.Notice{}.Encode(n) // never fails
		values = append(values, value)
	}
	d.send(d.topo.Notifications.Name, user, values)
}

// visit lets claimants ask for all that they were told of, and leaves.
func (d *desk) visit() {
	d.t.Helper()
	c, err := campaign.StartClaimants(d.t.Context(), campaign.ClaimantsConfig{Brokers: []string{d.addr}, Topology: d.topo})
	if err != nil {
		d.t.Fatal(err)
	}
	ends, err := cluster.EndOffsets(d.t.Context(), d.admin, []string{d.topo.Notifications.Name})
	if err == nil {
		err = c.Reach(d.t.Context(), ends)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		d.t.Fatal(err)
	}
}

// Claimants who are started anew ask for nothing again, and go on with what comes. Nobody asks for more at once than a
// row has verdicts for.
func TestClaimantsAskOnceAndWaitForVerdicts(t *testing.T) {
	d := newDesk(t)
	during := func(do func()) int {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); d.serve(ctx) }()
		do()
		cancel()
		<-done
		sent := 0
		for _, n := range d.times {
			sent += n
		}
		return sent
	}
	first := during(func() { d.notify("usr_1"); d.visit() })
	again := during(d.visit)
	more := during(func() { d.notify("usr_2"); d.visit() })
	if first <= verdict.Max || again != first || more <= again || d.most > verdict.Max {
		t.Errorf("%d commands, %d after they were started anew, %d when there was more; at most %d of a user at once", first, again, more, d.most)
	}
}
