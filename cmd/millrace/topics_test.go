package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func create(t *testing.T, addr, topic string, partitions int32) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), partitions, 1, nil, topic); err != nil {
		t.Fatal(err)
	}
}

func TestTopology(t *testing.T) {
	goldens, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere(t)
	for _, form := range []string{"table", "json", "yaml"} {
		got := millrace(t, 0, "topology", "--prefix", "eu.", "-o", form).out
		golden := filepath.Join(goldens, "topology."+form)
		if *rewrite {
			if err := os.MkdirAll(goldens, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("-o %s (-rewrite writes the golden): %s", form, diff)
		}
	}
}

type plannedTopic struct{ Topic, Action, Reason string }

func planned(t *testing.T, text string) map[string]plannedTopic {
	t.Helper()
	var list []plannedTopic
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	by := map[string]plannedTopic{}
	for _, p := range list {
		by[p.Topic] = p
	}
	return by
}

func TestTopicsPlanAndApply(t *testing.T) {
	flags := []string{"--brokers", broker(t), "--partitions", "2", "--replication", "1"}
	plan := append([]string{"topics", "plan"}, flags...)
	apply := append([]string{"topics", "apply"}, flags...)

	lacks(t, millrace(t, 1, plan...).errs, "millrace topics apply")
	first := planned(t, millrace(t, 0, append(apply, "-o", "json")...).out)
	if len(first) < 15 || first["payments"].Action != "create" {
		t.Errorf("apply: %v", first)
	}
	second := planned(t, millrace(t, 0, append(plan, "-o", "json")...).out)
	for topic, p := range second {
		if p.Action != "ok" {
			t.Errorf("%s is %s after apply", topic, p.Action)
		}
	}
	if len(second) != len(first) {
		t.Errorf("%d topics, then %d", len(first), len(second))
	}
	lacks(t, millrace(t, 0, plan...).out, "TOPIC ", "ledger-table", "compact", "90d", "health-loop")
	millrace(t, 0, apply...)
}

func TestTopicsWithOtherPartitionsAreRefused(t *testing.T) {
	addr := broker(t)
	create(t, addr, "postings", 5)
	flags := []string{"--brokers", addr, "--partitions", "2", "--replication", "1"}
	for _, name := range []string{"plan", "apply", "plan"} { // apply changed nothing
		got := millrace(t, 1, append([]string{"topics", name, "-o", "json"}, flags...)...)
		lacks(t, got.errs, "topic postings has 5 partitions, needs 2")
		by := planned(t, got.out)
		if by["postings"].Action != "refused" || by["payments"].Action != "create" {
			t.Errorf("%s: %v, %v", name, by["postings"], by["payments"])
		}
	}
}

func TestRunRefusesTopicsThatAreNotAsTheyMustBe(t *testing.T) {
	addr := broker(t)
	flags := []string{"--brokers", addr, "--replication", "1", "--partitions"}
	got := millrace(t, 2, append([]string{"run", "routing"}, append(flags, "2")...)...)
	lacks(t, got.errs, "topic health-scores does not exist", "topic routing-table does not exist", "millrace topics apply")
	if strings.Contains(got.errs, "payments") {
		t.Errorf("a topic that routing does not touch is asked for:\n%s", got.errs)
	}
	millrace(t, 0, append([]string{"topics", "apply"}, append(flags, "2")...)...)
	got = millrace(t, 2, append([]string{"run", "routing"}, append(flags, "3")...)...)
	lacks(t, got.errs, "topic health-scores has 2 partitions, needs 3", "fixed for the life of a deployment")
}

func TestCommandsThatSendNameTheRemedyForMissingTopics(t *testing.T) {
	addr := broker(t)
	file := write(t, "events.jsonl", "{}\n")
	for _, args := range [][]string{{"replay", file}, {"generate", "--count", "1"}} {
		lacks(t, millrace(t, 2, append(args, "--brokers", addr, "--prefix", "eu.")...).errs, "eu.payments", "millrace topics apply")
	}
}

// Against a dev every command works as it stands, or with the flags that its greeting gives.
func TestTopicsOfADev(t *testing.T) {
	r := startTour(t)
	elsewhere(t)
	flags := []string{"--server", r.server, "--brokers", r.brokers}
	lacks(t, r.greeting, "millrace replay FILE.jsonl --advance 1h --wait "+strings.Join(flags, " "), "millrace mission list "+strings.Join(flags, " "))
	for _, name := range []string{"plan", "apply"} {
		got := millrace(t, 0, append([]string{"topics", name, "-o", "json"}, flags...)...)
		lacks(t, got.errs, "--partitions 4 --replication 1")
		for topic, p := range planned(t, got.out) {
			if p.Action != "ok" {
				t.Errorf("%s: %s is %s", name, topic, p.Action)
			}
		}
	}
	for _, stated := range []string{"flag", "variable", "file"} { // what somebody asks for is what counts
		args := append([]string{"topics", "plan"}, flags...)
		switch stated {
		case "flag":
			args = append(args, "--partitions", "12")
		case "variable":
			t.Setenv("MILLRACE_PARTITIONS", "12")
		case "file":
			args = append(args, "--config", write(t, "c.yaml", "partitions: 12\n"))
		}
		lacks(t, millrace(t, 1, args...).errs, "topic payments has 4 partitions, needs 12")
		if err := os.Unsetenv("MILLRACE_PARTITIONS"); err != nil {
			t.Fatal(err)
		}
	}
}
