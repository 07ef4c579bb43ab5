package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/history"
	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/topology"
)

const runOutages = `- {mode: upi, instrument: sbi, begin: 2026-03-01T10:20:15Z, end: 2026-03-01T10:29:00Z, success: 0.05}
`

// TestBacktestOfARun sends traffic with outages through a dev of its own, and replays what it has kept: the same finals
// and the same changes of status come out, and the outages are found in the attempts and in the windows alike.
func TestBacktestOfARun(t *testing.T) {
	t.Parallel()
	r := startTour(t)
	events, outages, settings := t.TempDir()+"/events.jsonl", write(t, "outages.yaml", runOutages), write(t, "s.yaml", "{}")
	r.millrace([]string{"millrace", "generate", "--rate", "18", "--seed", "3", "--from", "2026-03-01T10:00:00Z", "--to", "2026-03-01T10:48:00Z",
		"--outages", outages, "--out", events}, io.Discard, io.Discard)
	r.millrace([]string{"millrace", "replay", events, "--advance", "2m", "--wait"}, io.Discard, io.Discard)

	heard := &transcript{}
	replay := backtest.New(health.DefaultSettings(), heard)
	reader, err := history.Open(history.Config{Client: clientOf(r.brokers), Topology: topology.New(devTopology())})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := reader.Attempts(t.Context(), 0, 0, replay); err != nil {
		t.Fatal(err)
	}
	for topic, got := range map[string][]string{"health-windows": heard.finals, "health-status": heard.changes} {
		want, got := before(valuesOf(t, r.brokers, topic)), before(got)
		if diff := cmp.Diff(want, got); diff != "" || len(want) < 5 {
			t.Errorf("%s (- it, + the replay), %d records: %s", topic, len(want), diff)
		}
	}

	var found [2]backtestAnswer
	for i, source := range []string{"auto", "windows"} { // windows lack corrections, so that scores may differ a little
		raw := r.stdout([]string{"millrace", "health", "backtest", "-f", settings, "--outages", outages, "--source", source, "-o", "json"})
		if err := json.Unmarshal([]byte(raw), &found[i]); err != nil {
			t.Fatal(err)
		}
	}
	if found[0].Source != "attempts" || found[1].Source != "windows" {
		t.Errorf("sources %s and %s", found[0].Source, found[1].Source)
	}
	for _, f := range found {
		if o := f.Settings[0].Outages; len(o) != 1 || !o[0].Due || !o[0].Found || *o[0].Windows > 2 || o[0].Down == nil || o[0].Recovery == nil {
			t.Errorf("%s: %s", f.Source, must(json.Marshal(o)))
		}
	}
}

// before returns the values of windows that ended before the traffic did, sorted: later ones may have closed by the
// clock meanwhile.
func before(values []string) []string {
	end := regexp.MustCompile(`"(?:end|window_end)":"([^"]*)"`)
	values = slices.DeleteFunc(values, func(v string) bool {
		m := end.FindStringSubmatch(v)
		return m == nil || m[1] > "2026-03-01T10:48:00.000Z"
	})
	slices.Sort(values)
	return values
}

// transcript is what a replay says, as the topics have it.
type transcript struct{ finals, changes []string }

func (h *transcript) Closed(r *health.WindowRecord) {
	h.finals = append(h.finals, string(must(healthcodec.WindowRecord{}.Encode(r))))
}

func (h *transcript) Changed(r *health.StatusRecord) {
	h.changes = append(h.changes, string(must(healthcodec.StatusRecord{}.Encode(r))))
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func clientOf(brokers string) engine.ClientConfig {
	c := config.Default()
	c.Brokers = []string{brokers}
	return c.Client()
}

func devTopology() topology.Config { return devDefaults(config.Default()).Topology() }

// valuesOf returns what a topic holds, sorted, without watermarks and silent records.
func valuesOf(t *testing.T, brokers, topic string) []string {
	t.Helper()
	admin, err := cluster.Connect(clientOf(brokers))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	ends, err := cluster.EndOffsets(t.Context(), admin, []string{topic})
	if err != nil {
		t.Fatal(err)
	}
	left := int64(0)
	at := map[int32]kgo.Offset{}
	for p := range ends[topic] {
		at[p] = kgo.NewOffset().AtStart()
		left++
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: at}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var out []string
	for left > 0 {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil && context.Cause(t.Context()) == nil {
			t.Fatal(fmt.Errorf("%s: %w", topic, err))
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			if rec.Offset == ends[topic][rec.Partition]-1 {
				left--
			}
			if !strings.Contains(string(rec.Value), `"silent"`) {
				out = append(out, string(rec.Value))
			}
		})
	}
	slices.Sort(out)
	return out
}
