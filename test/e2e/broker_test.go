package e2e

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/topology"
)

// brokerVariable names a real Kafka to use instead of one in memory, as host:port[,host:port…].
const brokerVariable = "MILLRACE_KAFKA"

// brokers returns the addresses to test against: a broker of the test's own, unless a real one is named.
func brokers(t *testing.T) []string {
	t.Helper()
	if list := os.Getenv(brokerVariable); list != "" {
		return strings.Split(list, ",")
	}
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error("broker:", err)
		}
	})
	return []string{b.Addr()}
}

func newClient(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// createTopics makes the topics of a run of its own and removes them, and its groups, when the test is over. It has a
// client of its own, since a client remembers for seconds that a topic it asked for was not there.
func createTopics(ctx context.Context, t *testing.T, seeds []string, partitions int32) *topology.Topology {
	t.Helper()
	adm := cluster.NewAdmin(newClient(t, kgo.SeedBrokers(seeds...)))
	prefix := "e2e-" + strconv.FormatInt(time.Now().UnixNano(), 36) + "-"
	topo := topology.New(topology.Config{Prefix: prefix, Partitions: partitions, Replication: 1})
	if _, err := cluster.Apply(ctx, adm, topo.Topics()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if os.Getenv(brokerVariable) == "" {
			return // the broker goes away as a whole
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		var topics, groups []string
		for _, s := range topo.Topics() {
			topics = append(topics, s.Name)
		}
		for _, g := range topo.Groups() {
			groups = append(groups, g.Name)
		}
		if _, err := adm.DeleteTopics(ctx, topics...); err != nil {
			t.Log("topics are left behind:", err)
		}
		if _, err := adm.DeleteGroups(ctx, groups...); err != nil {
			t.Log("groups are left behind:", err)
		}
	})
	return topo
}
