// Package e2e runs the whole pipeline in one process, on a broker in memory or on a real Kafka
// (MILLRACE_KAFKA=host:port), and compares everything that comes out of 20,000 events with an independent oracle.
package e2e

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/test/campaign"
	"github.com/millrace/millrace/traffic"
)

// events is how many lines each run sends, users how many people's.
const events, users = 20_000, 300

// lines makes traffic in which everything that can go wrong goes wrong: some twenty minutes of an ordinary forenoon.
func lines(t *testing.T, change func(*traffic.Config)) []traffic.Record {
	t.Helper()
	c := traffic.DefaultConfig()
	c.Seed, c.Rate, c.Flat, c.Count = 7, 20, true, events
	c.From = campaign.Midnight().Add(-8 * time.Minute)
	c.Users, c.Merchants, c.RefundWithin, c.LateBy = users, 100, 3*time.Minute, 3*time.Hour
	c.Hanging, c.Overdue, c.LateSuccess, c.Refunds, c.EarlyRefunds = 0.005, 0.003, 0.05, 0.08, 0.2
	c.Retries = 0.3
	c.Late, c.Duplicates, c.Altered, c.Anomalies, c.Poison = 0.01, 0.01, 0.003, 0.005, 0.002
	c.ForeignCurrency = 0.2
	c.Outages = []traffic.Outage{{
		Mode: "upi", Instrument: "sbi", From: c.From.Add(4 * time.Minute), To: c.From.Add(8 * time.Minute), SuccessRate: 0.2,
	}}
	if change != nil {
		change(&c)
	}
	g, err := traffic.New(c)
	if err != nil {
		t.Fatal(err)
	}
	var out []traffic.Record
	for r, ok := g.Next(); ok; r, ok = g.Next() {
		out = append(out, r)
	}
	return out
}

// deadline bounds a run. The runs share the machine, and perhaps a Kafka that is slow to make topics.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 4*time.Minute, fmt.Errorf("%s took longer than 4m", t.Name()))
	t.Cleanup(cancel)
	return ctx
}

func TestPipelineAgreesWithTheOracle(t *testing.T) {
	for _, partitions := range []int32{1, 4, 12} {
		t.Run(fmt.Sprint(partitions), func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			r := start(ctx, t, partitions)
			r.applyMissions(ctx)
			file := lines(t, nil)
			r.play(ctx, file, func() {})
			if d := r.settle(ctx, file); len(d) > 0 {
				t.Errorf("%d differences:\n%s", len(d), strings.Join(d, "\n"))
			}
			r.verify(ctx)
		})
	}
}

// The processors are stopped while half of the events are under way, and new ones take over where they left off. Only
// then do operators pause, end and edit missions, at times before that: what users have won by then is judged anew.
func TestGracefulRestartLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	r := start(ctx, t, 4)
	r.operate(ctx, r.definitions())
	file := lines(t, nil)
	r.play(ctx, file, func() {
		r.log.readTo(ctx, r.topo.Payments.Name)
		for len(r.log.records[r.topo.Attempts.Name]) < events/20 { // they are at it
			if err := r.log.poll(ctx); err != nil {
				t.Fatal(err)
			}
		}
		r.stopPipeline()
		r.startPipeline(ctx)
		r.operate(ctx, r.acts())
	})
	touch, err := campaign.Touch(r.topo, users)
	if err != nil {
		t.Fatal(err)
	}
	r.produce(ctx, touch)
	if d := r.settle(ctx, file); len(d) > 0 {
		t.Errorf("%d differences:\n%s", len(d), strings.Join(d, "\n"))
	}
}

// One line in eight is poison. The processors must neither stop nor start anew.
func TestPoisonBecomesDeadLettersAndStopsNothing(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	r := start(ctx, t, 4)
	r.applyMissions(ctx)
	before := r.members(ctx)
	file := lines(t, func(c *traffic.Config) { c.Count, c.Rate, c.Poison = 4_000, 6, 0.125 })
	classes := map[string]int{}
	for _, rec := range file {
		if rec.Kind == traffic.Poisoned {
			classes[traffic.Poisons()[rec.Poison].Class]++
		}
	}
	if len(classes) != 16 {
		t.Fatalf("%d classes of poison: %v", len(classes), classes)
	}
	r.send(ctx, file)
	if d := r.settle(ctx, file); len(d) > 0 {
		t.Errorf("%d differences:\n%s", len(d), strings.Join(d, "\n"))
	}
	if after := r.members(ctx); !maps.Equal(before, after) || len(after) != len(r.topo.Groups()) {
		t.Errorf("processors were restarted: members %v, before %v", after, before)
	}
	select {
	case <-r.pipeline.Done():
		t.Error("the pipeline stopped:", r.pipeline.Err())
	default:
	}
}

// members returns the members of all groups; a processor that starts anew becomes another member.
func (r *run) members(ctx context.Context) map[string]string {
	r.t.Helper()
	var names []string
	for _, g := range r.topo.Groups() {
		names = append(names, g.Name)
	}
	groups, err := r.admin.DescribeGroups(ctx, names...)
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[string]string{}
	for _, g := range groups {
		for _, m := range g.Members {
			out[m.MemberID] = g.Group
		}
	}
	return out
}
