package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/topology"
)

// deployment returns settings and topology of topics that exist, on a broker in memory.
func deployment(t *testing.T) (config.Config, *topology.Topology) {
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
	top := topology.New(s.Topology())
	adm, err := cluster.Connect(s.Client())
	if err != nil {
		t.Fatal(err)
	}
	defer adm.Close()
	if _, err := cluster.Apply(t.Context(), adm, top.Topics()); err != nil {
		t.Fatal(err)
	}
	return s, top
}

// startCatalog runs the catalog group.
func startCatalog(t *testing.T, s config.Config, top *topology.Topology) {
	t.Helper()
	p, err := pipeline.Start(t.Context(), pipeline.Config{Settings: s, Topology: top, Groups: []string{"catalog"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func missions(t *testing.T, ids ...string) []mission.Mission {
	t.Helper()
	var yaml strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&yaml, `- {id: %s, title: T, currency: INR, goal: {metric: count, target: 3}, window: {kind: fixed, from: "2026-03-01", to: "2026-03-08"}, reward: {kind: coins, amount: 1}, status: active}`+"\n", id)
	}
	list, err := codecs.ParseMissions(strings.NewReader(yaml.String()))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPutReturnsTheVerdictsInOrder(t *testing.T) {
	s, top := deployment(t)
	startCatalog(t, s, top)
	sender := NewSender(s.Client(), top, "tester")
	var ids []string
	for i := range 8 { // of both partitions, so that they come back in another order
		ids = append(ids, fmt.Sprintf("m-%d", i))
	}
	put := func(list []mission.Mission) (ids []string, results []string) {
		t.Helper()
		events, err := sender.Put(t.Context(), catalog.Missions(list)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Actor != "tester" {
				t.Errorf("%s: actor %q", e.EntityID, e.Actor)
			}
			ids = append(ids, e.EntityID)
			results = append(results, strings.TrimSpace(string(e.Result)+" "+e.Problems.Error()))
		}
		return ids, results
	}
	want := make([]string, len(ids))
	for i := range want {
		want[i] = "applied"
	}
	gotIDs, got := put(missions(t, ids...))
	if diff := cmp.Diff(ids, gotIDs) + cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	again := missions(t, ids[0], "m-new", ids[1], ids[2])
	again[2].Goal.Target = 0         // refused
	again[3].Status = mission.Paused // a move
	_, got = put(again)
	for i, start := range []string{"unchanged", "applied", "refused", "applied"} {
		if !strings.HasPrefix(got[i], start) {
			t.Errorf("%s: %s, not %s", again[i].ID, got[i], start)
		}
	}
	if !strings.Contains(got[2], "target") {
		t.Errorf("the refusal gives no reason: %s", got[2])
	}
}

func TestPutOfAnInvalidMissionGivesItsProblems(t *testing.T) {
	s, top := deployment(t)
	startCatalog(t, s, top)
	list := missions(t, "good", "bad")
	list[1].Goal.Target, list[1].Currency = 0, "rupees"
	events, err := NewSender(s.Client(), top, "tester").Put(t.Context(), catalog.Missions(list)...)
	if err != nil {
		t.Fatal(err)
	}
	if events[0].Result != verdict.Applied || events[1].Result != verdict.Refused {
		t.Errorf("%s, %s", events[0].Result, events[1].Result)
	}
	got := map[string]bool{}
	for _, p := range events[1].Problems {
		got[p.Pointer] = true
	}
	if diff := cmp.Diff(map[string]bool{"/goal/target": true, "/currency": true}, got); diff != "" {
		t.Errorf("%s\n%v", diff, events[1].Problems)
	}
}

// Half a catalog: it answers the first of two commands, after something that is no verdict.
func TestPutTellsHowManyVerdictsAreMissing(t *testing.T) {
	s, top := deployment(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers...), kgo.ConsumeTopics(top.CatalogCommands.Name), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	late := errors.New("time is up")
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := NewSender(s.Client(), top, "tester").Put(ctx, catalog.Missions(missions(t, "a", "b"))...)
		result <- err
	}()
	var commands []*catalog.Command
	for len(commands) < 2 {
		for r := range client.PollFetches(t.Context()).RecordsAll() {
			c, err := codecs.CatalogCommand{}.Decode(r.Value)
			if err != nil {
				t.Fatal(err)
			}
			commands = append(commands, c)
		}
	}
	produce := func(value []byte) {
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: top.CatalogEvents.Name, Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	produce([]byte("junk"))
	for _, id := range []string{"of somebody else", commands[0].ID, commands[0].ID} {
		value, err := codecs.CatalogEvent{}.Encode(&catalog.Event{Verdict: catalog.Verdict{CommandID: id, Result: verdict.Applied}})
		if err != nil {
			t.Fatal(err)
		}
		produce(value)
	}
	time.AfterFunc(time.Second, func() { cancel(late) }) // the command's own patience
	err = <-result
	if !errors.Is(err, late) || !strings.Contains(err.Error(), "1 of 2 commands have no verdict") || !strings.Contains(err.Error(), "catalog group") {
		t.Errorf("got %v", err)
	}
}

func TestPutWithoutTopics(t *testing.T) {
	s, _ := deployment(t)
	other := topology.New(topology.Config{Prefix: "none.", Partitions: 2, Replication: 1})
	_, err := NewSender(s.Client(), other, "tester").Put(t.Context(), catalog.Missions(missions(t, "a"))...)
	if err == nil || !strings.Contains(err.Error(), "none.catalog-events") {
		t.Errorf("got %v", err)
	}
}
