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

	"github.com/millrace/millrace/cmd/pipeline/pipelinetest"
	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/topology"
)

// withCatalog runs the catalog group.
func withCatalog(t *testing.T) *pipelinetest.Deployment {
	t.Helper()
	return pipelinetest.Start(t, pipelinetest.Config{Prefix: "p.", Groups: []string{"catalog"}})
}

func missions(t *testing.T, ids ...string) []mission.Mission {
	t.Helper()
	var yaml strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&yaml, `- {id: %s, title: T, currency: INR, goal: {metric: count, target: 3}, window: {kind: fixed, from: "2026-03-01", to: "2026-03-08"}, reward: {kind: coins, amount: 1}, status: active}`+"\n", id)
	}
	list, err := missioncodec.ParseAll(strings.NewReader(yaml.String()))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPutReturnsTheVerdictsInOrder(t *testing.T) {
	d := withCatalog(t)
	sender := NewSender(d.Settings.Client(), d.Topology, "tester")
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
	d := withCatalog(t)
	list := missions(t, "good", "bad")
	list[1].Goal.Target, list[1].Currency = 0, "rupees"
	events, err := NewSender(d.Settings.Client(), d.Topology, "tester").Put(t.Context(), catalog.Missions(list)...)
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
	d := pipelinetest.Topics(t, pipelinetest.Config{Prefix: "p."})
	s, top := d.Settings, d.Topology
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
			c, err := catalogcodec.Command{}.Decode(r.Value)
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
		value, err := catalogcodec.Event{}.Encode(&catalog.Event{Verdict: catalog.Verdict{CommandID: id, Result: verdict.Applied}})
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
	s := pipelinetest.Topics(t, pipelinetest.Config{}).Settings
	other := topology.New(topology.Config{Prefix: "none.", Partitions: 2, Replication: 1})
	_, err := NewSender(s.Client(), other, "tester").Put(t.Context(), catalog.Missions(missions(t, "a"))...)
	if err == nil || !strings.Contains(err.Error(), "none.catalog-events") {
		t.Errorf("got %v", err)
	}
}
