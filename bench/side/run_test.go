package main

import (
	"context"
	"strings"
	"testing"

	"github.com/millrace/millrace/bench/workload"
	"github.com/millrace/millrace/engine/embedded"
)

// shortDriver is the driver on a broker in this process, with workers in it, too: their CPU time means nothing.
func shortDriver(t *testing.T) *driver {
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
	c, err := dial(b.Addr(), 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.client.Close)
	o := options{events: 2000, pairs: 1, partitions: 2}
	return &driver{options: o, addr: b.Addr(), cluster: c, dir: t.TempDir(), work: func(ctx context.Context, j job) (report, error) { return j.do(ctx) }}
}

// Every side comes to the expected output, or the comparison would be void.
func TestSidesDoTheSameWork(t *testing.T) {
	d := shortDriver(t)
	inputs, expected, err := workload.Inputs(d.options.events + d.warm())
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.compare(t.Context(), workload.Ledger, "binary", inputs[workload.Ledger], expected[workload.Ledger])
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range sides() {
		if len(r.runs[side]) != 1 {
			t.Errorf("%s ran %d times", side, len(r.runs[side]))
		}
	}
}

func TestWrongOutputIsNoResult(t *testing.T) {
	d := shortDriver(t)
	inputs, expected, err := workload.Inputs(d.options.events + d.warm())
	if err != nil {
		t.Fatal(err)
	}
	want := expected[workload.Progress]
	for user := range want.Table {
		want.Table[user] = want.Table[user].(*workload.Total).Apply(&workload.Posting{Delta: 1})
		break
	}
	_, err = d.compare(t.Context(), workload.Progress, "json", inputs[workload.Progress], want)
	if err == nil || !strings.Contains(err.Error(), "expected") {
		t.Errorf("got %v", err)
	}
}
