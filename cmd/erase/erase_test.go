package erase_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/erase"
	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/topology"
)

const (
	user  = "usr-who-leaves"
	other = "usr-who-stays"
)

type deployment struct {
	t        *testing.T
	kafka    *kfake.Cluster
	settings config.Config
	topology *topology.Topology
	client   *kgo.Client
	admin    *cluster.Admin
	feed     *feed.Feed
}

// newDeployment runs all groups, with tombstones that compaction takes at once.
func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{t: t, settings: config.Default()}
	var err error
	d.kafka, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Second))
	d.check(err)
	brokers := d.kafka.ListenAddrs()
	d.settings.Brokers, d.settings.Partitions, d.settings.Replication, d.settings.Health.IdleAfter = brokers, 2, 1, time.Hour
	d.topology = topology.New(d.settings.Topology())
	d.client, err = kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(feed.Partitioner()))
	d.check(err)
	d.admin = cluster.NewAdmin(d.client)
	_, err = cluster.Apply(t.Context(), d.admin, d.topology.Topics())
	d.check(err)
	now := "0"
	for _, s := range d.compacted() {
		_, err := d.admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "delete.retention.ms", Value: &now}}, s)
		d.check(err)
	}
	d.feed, err = feed.Open(t.Context(), feed.Config{Client: engine.ClientConfig{Brokers: brokers}, Topic: d.topology.Payments.Name})
	d.check(err)
	p, err := pipeline.Start(context.WithoutCancel(t.Context()), pipeline.Config{Settings: d.settings, Topology: d.topology, Log: slog.New(slog.DiscardHandler)})
	d.check(err)
	t.Cleanup(func() {
		d.check(p.Stop())
		d.feed.Close()
		d.client.Close()
		d.kafka.Close()
	})
	d.check(p.Ready(t.Context()))
	return d
}

func (d *deployment) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// compacted are the tables and the journal.
func (d *deployment) compacted() []string {
	var out []string
	for _, s := range d.topology.Topics() {
		if strings.Contains(s.Cleanup, "compact") {
			out = append(out, s.Name)
		}
	}
	return out
}

func (d *deployment) rest() {
	d.t.Helper()
	d.check(cluster.Drain(d.t.Context(), d.admin, cluster.Stages(d.topology), 5*time.Millisecond))
}

func (d *deployment) send(lines ...string) {
	d.t.Helper()
	for _, l := range lines {
		d.check(d.feed.Send(d.t.Context(), []byte(l)))
	}
	d.check(d.feed.Flush(d.t.Context()))
	d.rest()
}

func payment(id, transaction, user, more string) string {
	return fmt.Sprintf(`{"id":%q,"transaction_id":%q,"user_id":%q,"amount":5000,"currency":"INR","mode":"upi","updated_at":"2026-03-01T10:00:00Z",`+
		`"attributes":{"card":"of %s"},"note":"%s",%s}`, id, transaction, user, user, user, more)
}

const twice = `[{"id":"twice","title":"Pay","currency":"INR","goal":{"metric":"count","target":1},"filters":[],
 "window":{"kind":"fixed","from":"2026-02-28","to":"2026-03-02"},"time_zone":"Asia/Kolkata","reward":{"kind":"coins","amount":1},
 "limits":{"completions_per_user":200,"budget":500},"grant":{"mode":"auto","hold":"0s"},"status":"active"}]`

func (d *deployment) mission() {
	d.t.Helper()
	list, err := codecs.ParseMissions(strings.NewReader(twice))
	d.check(err)
	command := catalog.NewPut("c1", "test", instant.Milli(1), catalog.NewMission(list[0]))
	value, err := codecs.CatalogCommand{}.Encode(command)
	d.check(err)
	d.check(d.client.ProduceSync(d.t.Context(), &kgo.Record{Topic: d.topology.CatalogCommands.Name, Key: []byte(command.Key()), Value: value}).FirstErr())
	d.rest()
}

// compact makes what was written so far compactable, which the last batch of a partition never is, and compacts.
func (d *deployment) compact() {
	d.t.Helper()
	writer, err := kgo.NewClient(kgo.SeedBrokers(d.kafka.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	d.check(err)
	defer writer.Close()
	for _, topic := range d.compacted() {
		for p := range int32(2) {
			r := &kgo.Record{Topic: topic, Partition: p, Key: []byte("\x00end"), Value: []byte("end")}
			d.check(writer.ProduceSync(d.t.Context(), r).FirstErr())
		}
	}
	d.kafka.Compact()
}

// traces returns the records of compacted topics that hold a text, committed or not.
func (d *deployment) traces(text string) []string {
	d.t.Helper()
	var out []string
	reader, err := kgo.NewClient(kgo.SeedBrokers(d.kafka.ListenAddrs()...), kgo.ConsumeTopics(d.compacted()...), kgo.KeepControlRecords())
	d.check(err)
	defer reader.Close()
	ends, err := kadm.NewClient(reader).ListEndOffsets(d.t.Context(), d.compacted()...)
	d.check(err)
	left := map[string]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[fmt.Sprint(o.Topic, o.Partition)] = o.Offset
		}
	})
	for len(left) > 0 {
		for r := range reader.PollFetches(d.t.Context()).RecordsAll() {
			if bytes.Contains(r.Key, []byte(text)) || bytes.Contains(r.Value, []byte(text)) {
				out = append(out, fmt.Sprintf("%s-%d-%d", r.Topic, r.Partition, r.Offset))
			}
			if at := fmt.Sprint(r.Topic, r.Partition); r.Offset+1 >= left[at] {
				delete(left, at)
			}
		}
	}
	return out
}

func (d *deployment) sound() {
	d.t.Helper()
	report, err := audit.Verify(d.t.Context(), audit.Config{Client: d.settings.Client(), Topology: d.topology, Settle: 200 * time.Millisecond})
	d.check(err)
	if !report.OK {
		d.t.Errorf("%+v", report)
	}
}

// A user with settled, pending and waiting payments, and more coin entries than a row holds, leaves nothing behind in tables and
// journal once they are compacted; sums stay, and a refund that comes later finds its payment.
func TestNothingIsLeftAfterCompaction(t *testing.T) {
	d := newDeployment(t)
	d.mission()
	var lines []string
	for i := range 140 {
		id := fmt.Sprint("p", i)
		lines = append(lines, payment("e"+id, id, user, `"type":"payment","status":"success"`))
	}
	d.send(append(lines,
		payment("e1", "t1", user, `"type":"payment","status":"pending"`),
		payment("e2", "t2", user, `"type":"reversal","reversal_id":"r"`),
		payment("e3", "t3", other, `"type":"payment","status":"success"`))...)
	if n := len(d.traces(user)); n < 4 {
		t.Fatalf("only %d records hold the user", n)
	}
	d.sound()
	c := erase.Config{Client: d.settings.Client(), Topology: d.topology}
	report, err := erase.User(t.Context(), c, user)
	d.check(err)
	if report.Transactions != 142 || report.Rows < 3 || len(report.Left) > 0 || len(report.Logs) == 0 {
		t.Errorf("%+v", report)
	}
	d.compact()
	if left := d.traces(user); len(left) > 0 {
		t.Errorf("%d records still hold the user: %v", len(left), left)
	}
	if len(d.traces(other)) == 0 {
		t.Error("another user was erased, too")
	}
	d.send(payment("e4", "p0", user, `"type":"reversal","reversal_id":"late"`))
	again, err := erase.User(t.Context(), c, user)
	d.check(err)
	if again.Rows > 0 || len(again.Left) > 0 {
		t.Errorf("again: %+v", again)
	}
}

// Money of those who left is nobody's, and still adds up.
func TestSumsStay(t *testing.T) {
	d := newDeployment(t)
	d.mission()
	d.send(payment("e1", "t1", user, `"type":"payment","status":"success"`), payment("e2", "t2", other, `"type":"payment","status":"success"`))
	_, err := erase.User(t.Context(), erase.Config{Client: d.settings.Client(), Topology: d.topology}, user)
	d.check(err)
	d.sound()
	d.send(strings.Replace(payment("e3", "t1", user, `"type":"reversal"`), `"amount":5000,`, `"amount":2000,`, 1))
	d.sound()
	d.send(payment("e4", "t3", user, `"type":"payment","status":"success"`)) // who comes back begins anew
	d.sound()
}
