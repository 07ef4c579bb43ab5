package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/feed"
)

func TestGenerateGivesTheSameBytesForTheSameSeed(t *testing.T) {
	elsewhere(t)
	dir := t.TempDir()
	generate := func(name string, more ...string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		got := millrace(t, 0, append([]string{"generate", "--count", "500", "--out", path}, more...)...)
		if got.out != "" || got.errs != "wrote=500\n" {
			t.Errorf("it said %q, %q", got.out, got.errs)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(raw), "\n"); n != 500 {
			t.Errorf("%d lines", n)
		}
		return string(raw)
	}
	first := generate("a", "--seed", "7")
	outages := write(t, "outages.yaml", "- {mode: upi, instrument: sbi, begin: 2026-03-01T00:00:00Z, end: 2026-03-01T01:00:00Z, success: 0}\n")
	if generate("b", "--seed", "7") != first {
		t.Error("the same seed gave other bytes")
	}
	if generate("c", "--seed", "8") == first {
		t.Error("another seed gave the same bytes")
	}
	if generate("d", "--seed", "7", "--outages", outages) == first {
		t.Error("an outage changed nothing")
	}
	if got := millrace(t, 0, "generate", "--count", "500", "--seed", "7", "--out", "-"); got.out != first {
		t.Error("standard output got something else than the file")
	}
}

func sent(t *testing.T, addr, topic string) int64 {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	ends.Each(func(o kadm.ListedOffset) { n += o.Offset })
	return n
}

func TestReplayAndGenerateSend(t *testing.T) {
	addr := broker(t)
	create(t, addr, "payments", 3)
	send := func(code int, args ...string) string {
		t.Helper()
		got := millrace(t, code, append(args, "--brokers", addr)...)
		return got.out + got.errs
	}
	file := write(t, "events.jsonl", `{"id":"1","transaction_id":"a","updated_at":"2026-03-01T10:00:00Z"}`+"\n\n  \nnot json\n"+`{"id":"2","transaction_id":"b"}`)
	if got := send(0, "replay", file); got != "sent=3\n" {
		t.Errorf("replay said %q", got)
	}
	if got := send(0, "replay", file, "--advance", "1h"); got != "sent=3\n" { // clock events are not counted
		t.Errorf("replay --advance said %q", got)
	}
	if got := send(0, "replay", write(t, "empty.jsonl", "")); got != "sent=0\n" {
		t.Errorf("replay of an empty file said %q", got)
	}
	lacks(t, send(0, "replay", write(t, "junk.jsonl", "not json\n"), "--advance", "1h"), "sent=1\n", "no event with a usable updated_at")
	if got := send(0, "generate", "--count", "100"); got != "sent=100\n" {
		t.Errorf("generate said %q", got)
	}
	lacks(t, send(2, "generate", "--from", "2090-01-01T00:00:00Z", "--count", "5"), "--from 2090-01-01T00:00:00Z", "future_timestamp", "--out")
	if got, want := sent(t, addr, "payments"), int64(3+3+3+1+100); got != want {
		t.Errorf("%d records, not %d", got, want)
	}
}

// Live traffic has no end: it goes on until it is stopped, with events of now, and its admin port says that it does.
func TestPacedTrafficGoesOnUntilItIsStopped(t *testing.T) {
	addr := broker(t)
	create(t, addr, "payments", 2)
	began, port := time.Now(), freePort(t)
	stop := process(t, "msg=generating", "generate", "--pace", "--flat", "--rate", "1000", "--admin", fmt.Sprintf("0.0.0.0:%d", port), "--brokers", addr)
	reader, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics("payments"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	old, events := 0, 0
	for events < 1500 {
		for r := range reader.PollFetches(t.Context()).RecordsAll() {
			at, ok := feed.EventTime(r.Value)
			if !ok { // poison
				continue
			}
			if events++; at.Before(began.Add(-5*time.Second)) || at.After(time.Now().Add(5*time.Minute)) {
				old++
			}
		}
	}
	if old > events/50 { // some payments are late on purpose, so that there is something to see
		t.Errorf("%d of %d events are not of now", old, events)
	}
	if took := time.Since(began); took < time.Second {
		t.Errorf("%d events, 1000 a second, came in %v", events, took)
	}
	probed(t, port)
	if code := stop(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

func TestFlagsOfPacedTraffic(t *testing.T) {
	elsewhere(t)
	lacks(t, millrace(t, 2, "generate", "--pace", "--out", "x.jsonl").errs, "--pace", "leave out")
	lacks(t, millrace(t, 2, "generate", "--admin", "127.0.0.1:0").errs, "--admin", "add --pace")
}

func TestReplayLeavesOutWhatNoTopicTakes(t *testing.T) {
	addr := broker(t)
	create(t, addr, "payments", 1)
	file := write(t, "events.jsonl", fmt.Sprintf("{}\n{\"id\":%q}\n{}\n", strings.Repeat("x", maxRecord)))
	got := millrace(t, 1, "replay", file, "--brokers", addr)
	lacks(t, got.out, "sent=2\n")
	lacks(t, got.errs, "1 lines were not sent", "[2]")
	if n := sent(t, addr, "payments"); n != 2 {
		t.Errorf("%d records", n)
	}
}

func TestReplayRefusesALineBeyondAllMeasure(t *testing.T) {
	addr := broker(t)
	create(t, addr, "payments", 1)
	file := write(t, "events.jsonl", fmt.Sprintf("{}\n{}\n{\"id\":%q}\n", strings.Repeat("x", maxLine)))
	lacks(t, millrace(t, 2, "replay", file, "--brokers", addr).errs, "line 3", "too long")
}
