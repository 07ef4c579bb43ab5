package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/traffic"
)

// One hour is replayed on 12 partitions twice: in order, and with one partition that is read half an hour behind the
// others. The windows are the same, and nothing is late. What time per partition would have made of it is simulated on
// the very log of the second run.
func TestReplayWithAPartitionBehind(t *testing.T) {
	t.Parallel()
	const partitions = 12
	ctx := deadline(t)
	// No late payments, and none that end after their timeout: whether those did depends on who read faster.
	file := lines(t, func(c *traffic.Config) { c.Late, c.Overdue, c.Rate, c.Count = 0, 0, 3, 10_800 })
	half := file[0].At.Add(30 * time.Minute)
	if last := file[len(file)-1].At.Sub(file[0].At); last < 59*time.Minute {
		t.Fatalf("the traffic takes %v", last)
	}

	even, uneven := start(ctx, t, partitions), start(ctx, t, partitions)
	for _, r := range []*run{even, uneven} {
		r.applyMissions(ctx)
		if err := r.feed.Clock(ctx, file[0].At); err != nil { // a partition that never had a record is not waited for
			t.Fatal(err)
		}
		r.send(ctx, nil)
		r.drain(ctx, cluster.Stages(r.topo)...)
	}
	even.send(ctx, file)
	behind := partitionOf(file[0].Key, uneven.topo)
	var now, later []traffic.Record
	for _, rec := range file {
		if partitionOf(rec.Key, uneven.topo) == behind && rec.At.After(half) {
			later = append(later, rec)
		} else {
			now = append(now, rec)
		}
	}
	uneven.send(ctx, now)
	uneven.drain(ctx, cluster.Stages(uneven.topo)...) // all the others are done, an hour has passed for them
	uneven.send(ctx, later)

	for name, r := range map[string]*run{"in order": even, "one behind": uneven} {
		if d := r.settle(ctx, file); len(d) > 0 {
			t.Fatalf("%s: %d differences:\n%s", name, len(d), strings.Join(d, "\n"))
		}
		if n := len(r.log.records[r.topo.HealthCorrections.Name]); n > 0 {
			t.Errorf("%s: %d corrections, so as many attempts were late", name, n)
		}
		lost, attempts, wrong := r.perPartitionTime()
		t.Logf("%s: time per partition would have dropped %d of %d attempts, from %d windows", name, lost, attempts, wrong)
		if r == uneven && lost == 0 {
			t.Error("time per partition would have done: the traffic proves nothing")
		}
	}
	until := instant.Of(file[len(file)-1].At.Truncate(time.Minute).Add(15 * time.Minute)) // settle went on for longer
	want, got := even.windows(ctx, until), uneven.windows(ctx, until)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("windows (-in order +one behind): %.5000s", diff)
	}
	t.Logf("%d series with the same windows, none late; %d lines came half an hour behind", len(want), len(later))
}

// windows returns what is published of each series up to a window end, in its order, without the offsets that a window
// was counted from. It waits until every series has come so far.
func (r *run) windows(ctx context.Context, until instant.Milli) map[string][]health.WindowRecord {
	r.t.Helper()
	for {
		out, behind := map[string][]health.WindowRecord{}, map[string]bool{}
		r.each(r.topo.HealthWindows.Name, func(rec *kgo.Record) {
			w, err := r.topo.HealthWindows.Codec.Decode(rec.Value)
			if err != nil {
				r.t.Fatal(err)
			}
			w.Sources = nil
			if key := string(rec.Key); w.End <= until {
				out[key] = append(out[key], *w)
				behind[key] = w.End < until && !w.Silent
			}
		})
		if !slices.Contains(slices.Collect(maps.Values(behind)), true) {
			return out
		}
		if err := r.log.poll(ctx); err != nil {
			r.t.Fatal("windows:", err)
		}
	}
}

// perPartitionTime does with the log of attempts what a reader does whose time is the largest that it has seen in the
// partition: it drops an attempt whose window, with grace, is over by then. It returns how many, of how many, and from
// how many windows.
func (r *run) perPartitionTime() (lost, attempts, windows int) {
	r.t.Helper()
	s := health.DefaultSettings()
	size := instant.Milli(s.Window / time.Millisecond)
	seen, wrong := map[int32]instant.Milli{}, map[string]bool{}
	r.each(r.topo.Attempts.Name, func(rec *kgo.Record) {
		a, err := r.topo.Attempts.Codec.Decode(rec.Value)
		if err != nil {
			r.t.Fatal(err)
		}
		attempts++
		seen[rec.Partition] = max(seen[rec.Partition], a.At)
		end := (a.At/size + 1) * size
		if end.Add(s.Grace) <= seen[rec.Partition] {
			lost++
			wrong[fmt.Sprint(a.Key(), end)] = true
		}
	})
	return lost, attempts, len(wrong)
}

// each calls f for the records of a topic but watermarks, partition by partition.
func (r *run) each(topic string, f func(*kgo.Record)) {
	records := slices.Clone(r.log.records[topic])
	slices.SortStableFunc(records, func(a, b *kgo.Record) int { return int(a.Partition - b.Partition) })
	for _, rec := range records {
		if !watermark.Is(rec.Value) {
			f(rec)
		}
	}
}
