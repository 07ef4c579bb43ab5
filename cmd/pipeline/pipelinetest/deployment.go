// Package pipelinetest runs groups in the process of a test, for tests that look at a deployment from outside.
package pipelinetest

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/cmd/pipeline"
	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology" // time zones of missions
)

// Partitions is how many every topic has.
const Partitions = 2

// Config says where the groups run.
type Config struct {
	// Brokers are addresses of the cluster. Defaults to a broker of the deployment's own, in memory.
	Brokers []string
	// Prefix of topics and groups: tests that share a cluster need one each. Topics with a prefix are removed when the
	// test is over. Defaults to none.
	Prefix string
	// Compacted are settings that compacted topics get in place of theirs before groups start, by Kafka's names.
	// Defaults to none.
	Compacted map[string]string
	// Groups that run. Defaults to all.
	Groups []string
	// Registerer and Metrics take the metrics of the groups. They default to none.
	Registerer prometheus.Registerer
	Metrics    *engine.Metrics
	// Change changes settings before anything starts. Defaults to nothing.
	Change func(*config.Config)
}

// Deployment is topics, and groups that run on them.
type Deployment struct {
	Settings config.Config
	Topology *topology.Topology
	Admin    *cluster.Admin
	Feed     *feed.Feed
	// Client writes to the partition that a record names.
	Client *kgo.Client
	t      *testing.T
	groups *pipeline.Pipeline
}

// Topics creates the topics, on which nothing runs.
func Topics(t *testing.T, c Config) *Deployment {
	t.Helper()
	d := &Deployment{t: t, Settings: config.Default()}
	s := &d.Settings
	if len(c.Brokers) == 0 {
		b, err := embedded.Start(embedded.Config{})
		d.Check(err)
		t.Cleanup(func() { d.Check(b.Close()) })
		c.Brokers = []string{b.Addr()}
	}
	s.Brokers, s.Prefix, s.Partitions, s.Replication, s.Health.IdleAfter = c.Brokers, c.Prefix, Partitions, 1, time.Hour
	s.Approval.Unlimited = false // missions of tests have no budget, and nobody who would approve them
	if c.Change != nil {
		c.Change(s)
	}
	d.Topology = topology.New(s.Topology())
	var err error
	d.Client, err = kgo.NewClient(kgo.SeedBrokers(c.Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	d.Check(err)
	t.Cleanup(d.Client.Close)
	d.Admin = cluster.NewAdmin(d.Client)
	d.topics(c)
	return d
}

// Start creates the topics and runs the groups until the test is over.
func Start(t *testing.T, c Config) *Deployment {
	t.Helper()
	d := Topics(t, c)
	s := d.Settings
	var err error
	d.Feed, err = feed.Open(t.Context(), feed.Config{Client: engine.ClientConfig{Brokers: s.Brokers},
		Topic: d.Topology.Payments.Name})
	d.Check(err)
	t.Cleanup(d.Feed.Close)
	p, err := pipeline.Start(context.WithoutCancel(t.Context()), pipeline.Config{
		Settings: s, Topology: d.Topology, Groups: c.Groups, Registerer: c.Registerer, Metrics: c.Metrics,
		Log: slog.New(slog.DiscardHandler),
	})
	d.Check(err)
	d.groups = p
	t.Cleanup(func() { d.Check(p.Stop()) })
	d.Check(p.Ready(t.Context()))
	return d
}

// topics creates them, and removes those that have a prefix.
func (d *Deployment) topics(c Config) {
	d.t.Helper()
	_, err := cluster.Apply(d.t.Context(), d.Admin, d.Topology.Topics())
	d.Check(err)
	if c.Prefix != "" {
		d.t.Cleanup(d.remove)
	}
	var changes []kadm.AlterConfig
	for _, name := range slices.Sorted(maps.Keys(c.Compacted)) {
		value := c.Compacted[name]
		changes = append(changes, kadm.AlterConfig{Name: name, Value: &value})
	}
	if len(changes) == 0 {
		return
	}
	answers, err := d.Admin.AlterTopicConfigs(d.t.Context(), changes, d.Compacted()...)
	d.Check(err)
	for _, a := range answers {
		d.Check(a.Err)
	}
}

func (d *Deployment) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var topics, groups []string
	for _, s := range d.Topology.Topics() {
		topics = append(topics, s.Name)
	}
	for _, g := range d.Topology.Groups() {
		groups = append(groups, g.Name)
	}
	_, ofTopics := d.Admin.DeleteTopics(ctx, topics...)
	_, ofGroups := d.Admin.DeleteGroups(ctx, groups...)
	if err := errors.Join(ofTopics, ofGroups); err != nil {
		d.t.Log("topics or groups are left behind:", err)
	}
}

// Check ends the test at an error.
func (d *Deployment) Check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// Compacted are the names of tables, timers and the journal.
func (d *Deployment) Compacted() []string {
	var out []string
	for _, s := range d.Topology.Topics() {
		if strings.Contains(s.Cleanup, "compact") {
			out = append(out, s.Name)
		}
	}
	return out
}

// Rest returns when every group has handled what there is.
func (d *Deployment) Rest() {
	d.t.Helper()
	d.Check(cluster.Drain(d.t.Context(), d.Admin, cluster.Stages(d.Topology), 5*time.Millisecond))
}

// Sweep has a group look for rows that have expired.
func (d *Deployment) Sweep(group string) { d.groups.Sweep(group) }

// Send sends payments, and returns when they are handled.
func (d *Deployment) Send(lines ...string) {
	d.t.Helper()
	for _, l := range lines {
		d.Check(d.Feed.Send(d.t.Context(), []byte(l)))
	}
	d.Check(d.Feed.Flush(d.t.Context()))
	d.Rest()
}

// Missions puts missions in force, written as docs/missions.md says.
func (d *Deployment) Missions(definitions string) {
	d.t.Helper()
	list, err := missioncodec.ParseAll(strings.NewReader(definitions))
	d.Check(err)
	for _, m := range list {
		command := catalog.NewPut("put-"+m.ID, "test", instant.Milli(1), catalog.NewMission(m))
		value, err := catalogcodec.Command{}.Encode(command)
		d.Check(err)
		d.Put(d.Topology.CatalogCommands.Name, command.Key(), value)
	}
	d.Rest()
}

// Put writes a record that no group wrote.
func (d *Deployment) Put(topic, key string, value []byte) {
	d.t.Helper()
	r := &kgo.Record{Topic: topic, Partition: stream.Partition([]byte(key), Partitions), Key: []byte(key), Value: value}
	d.Check(d.Client.ProduceSync(d.t.Context(), r).FirstErr())
}
