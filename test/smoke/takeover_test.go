package main

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/test/smoke/fleet"
)

func marker(producer int64, kind byte) *kgo.Record {
	return &kgo.Record{ProducerID: producer, Key: []byte{0, 0, 0, kind}}
}

func TestTakeoversEndWithTheFirstCommit(t *testing.T) {
	began := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	c := newCommits()
	c.names = map[int64]string{7: "p-ledger-1", 8: "p-ledger-2", 9: "p-intake-1", 10: "p-ledger-1"}
	for _, m := range []struct {
		producer int64
		kind     byte
		ms       int
	}{{7, 1, 20}, {9, 1, 80}, {8, 1, 90}, {7, 0, 100}, {7, 1, 340}, {7, 1, 341}, {7, 1, 900}, {10, 1, 2400}} {
		c.observe(marker(m.producer, m.kind), at(m.ms))
	}
	took := c.takeovers([]fleet.Takeover{
		{Slot: 1, Killed: at(0), Started: at(10)},                     // the commit at 20 was on its way
		{Slot: 1, Killed: at(400), Started: at(410), Until: at(800)},  // struck again before it committed
		{Slot: 1, Killed: at(2000), Started: at(2010)},                // by another producer id
		{Slot: 2, Killed: at(2000), Started: at(2010)},                // never
		{Slot: 1, Killed: at(600), Started: at(600), Until: at(1000)}, // just in time
	}, "ledger")
	want := []time.Duration{340 * time.Millisecond, 400 * time.Millisecond, 300 * time.Millisecond}
	if !slices.Equal(took, want) {
		t.Errorf("%v, want %v", took, want)
	}
	if n := len(c.seen[7]); n != 3 {
		t.Errorf("%d commits noted; markers of one transaction are one", n)
	}
}

func TestSpread(t *testing.T) {
	var all []time.Duration
	for i := range 10 {
		all = append(all, time.Duration(10-i)*time.Second)
	}
	if got := spread(all); got != "median 6s, p90 10s, most 10s of 10" {
		t.Error(got)
	}
	if got := spread(nil); got != "none" {
		t.Error(got)
	}
}
