package main

import (
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/test/smoke/fleet"
)

// commits notes when each transactional producer was seen to commit.
type commits struct {
	mu    sync.Mutex
	seen  map[int64][]time.Time // by producer id
	names map[int64]string      // transactional ids
}

func newCommits() *commits { return &commits{seen: map[int64][]time.Time{}, names: map[int64]string{}} }

// commitMarker is the type of a control record that ends a transaction well; its key is a version and the type.
const commitMarker = 1

// apart is how far commits must be apart to be noted: the markers of one transaction stand in many partitions.
const apart = 5 * time.Millisecond

// observe records a control record seen at a time.
func (c *commits) observe(r *kgo.Record, at time.Time) {
	if len(r.Key) < 4 || binary.BigEndian.Uint16(r.Key[2:]) != commitMarker {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen[r.ProducerID]
	if n := len(seen); n == 0 || at.Sub(seen[n-1]) >= apart {
		c.seen[r.ProducerID] = append(seen, at)
	}
}

// learn asks for the producer ids of transactional ids. A producer gets another one when its epochs are used up, so it
// is asked for from time to time.
func (c *commits) learn(ctx context.Context, admin *kadm.Client) error {
	listed, err := admin.ListTransactions(ctx, nil, nil)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	listed.Each(func(t kadm.ListedTransaction) { c.names[t.ProducerID] = t.TxnID })
	return nil
}

// firstAfter returns when a producer of a group on a slot was first seen to commit after t; zero if it was not.
func (c *commits) firstAfter(group string, slot int, t time.Time) (first time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, name := range c.names {
		if !strings.HasSuffix(name, group+"-"+strconv.Itoa(slot)) {
			continue
		}
		seen := c.seen[id]
		i, _ := slices.BinarySearchFunc(seen, t, time.Time.Compare)
		if i < len(seen) && (first.IsZero() || seen[i].Before(first)) {
			first = seen[i]
		}
	}
	return first
}

// inFlight is how long after its start a process cannot have committed anything yet: what is seen before was on its way
// from the one that was killed.
const inFlight = 50 * time.Millisecond

// takeovers returns how long after its end each killed process was followed by the first commit of its successor in a
// group, of those that were long enough left alone to commit.
func (c *commits) takeovers(of []fleet.Takeover, group string) (took []time.Duration) {
	for _, t := range of {
		first := c.firstAfter(group, t.Slot, t.Started.Add(inFlight))
		if !first.IsZero() && (t.Until.IsZero() || first.Before(t.Until)) {
			took = append(took, first.Sub(t.Killed))
		}
	}
	return took
}

// spread tells median, ninth decile and largest of some durations.
func spread(all []time.Duration) string {
	if len(all) == 0 {
		return "none"
	}
	slices.Sort(all)
	ms := func(d time.Duration) string { return d.Round(time.Millisecond).String() }
	return "median " + ms(all[len(all)/2]) + ", p90 " + ms(all[len(all)*9/10]) + ", most " + ms(all[len(all)-1]) +
		" of " + strconv.Itoa(len(all))
}
