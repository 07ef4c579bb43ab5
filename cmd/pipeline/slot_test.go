package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/topology"
)

// deployment is a broker with the topics of a deployment of two partitions.
func deployment(t *testing.T) (config.Config, *cluster.Admin) {
	t.Helper()
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	s := config.Default()
	s.Brokers, s.Prefix, s.Partitions, s.Replication = []string{b.Addr()}, "p.", 2, 1
	adm, err := cluster.Connect(s.Client())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(adm.Close)
	if _, err := cluster.Apply(t.Context(), adm, topology.New(s.Topology()).Topics()); err != nil {
		t.Fatal(err)
	}
	return s, adm
}

// runLedger starts the ledger group in a slot and returns once it is ready.
func runLedger(t *testing.T, s config.Config, slot int32, data string) *Pipeline {
	t.Helper()
	s.Run.Slot = slot
	p, err := Start(context.WithoutCancel(t.Context()), Config{Settings: s, Topology: topology.New(s.Topology()), Groups: []string{"ledger"}, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// members returns what is assigned to whom, by instance id.
func members(t *testing.T, adm *cluster.Admin, group string) map[string]int {
	t.Helper()
	groups, err := adm.DescribeGroups(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, m := range groups[group].Members {
		if c, ok := m.Assigned.AsConsumer(); ok && m.InstanceID != nil {
			for _, topic := range c.Topics {
				out[*m.InstanceID] += len(topic.Partitions)
			}
			out[*m.InstanceID] += 0
		}
	}
	return out
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !is() {
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatal(what)
		}
	}
}

// Slots share the partitions; one without any is ready too. A stop keeps the membership, unless it is to drain.
func TestSlotsShareAndDrain(t *testing.T) {
	s, adm := deployment(t)
	const group = "p.ledger"
	first := runLedger(t, s, 0, "")
	if !first.IsReady() {
		t.Error("ready, but it does not say so")
	}
	second := runLedger(t, s, 1, "")
	third := runLedger(t, s, 2, "")
	for i, p := range []*Pipeline{first, second, third} {
		await(t, "not ready again after a rebalance", p.IsReady)
		select {
		case <-p.Done():
			t.Fatalf("slot %d ended: %v", i, p.Err())
		default:
		}
	}
	shares := slices.Sorted(maps.Values(members(t, adm, group)))
	if diff := cmp.Diff([]int{0, 2, 2}, shares); diff != "" {
		t.Errorf("partitions: %s", diff)
	}
	if err := third.Stop(); err != nil || third.IsReady() {
		t.Errorf("stop: %v; ready: %t", err, third.IsReady())
	}
	if _, there := members(t, adm, group)["p.ledger-2"]; !there {
		t.Error("a stop gave the membership up")
	}
	second.drain = true
	if err := second.Stop(); err != nil {
		t.Error(err)
	}
	if _, there := members(t, adm, group)["p.ledger-1"]; there {
		t.Error("drained, and still a member")
	}
}

// A group's tables stay in the directory, and nobody else gets in.
func TestTablesAreKeptInTheDirectory(t *testing.T) {
	s, _ := deployment(t)
	data := t.TempDir()
	p := runLedger(t, s, 3, data)
	s.Run.Slot = 3
	c := Config{Settings: s, Topology: topology.New(s.Topology()), Groups: []string{"ledger", "deadletters"}, Data: data}
	if _, err := Start(t.Context(), c); err == nil {
		t.Error("started twice in one directory")
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	both, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal("the directory was not given up: ", err)
	}
	if err := errors.Join(both.Ready(t.Context()), both.Stop()); err != nil {
		t.Error(err)
	}
}
