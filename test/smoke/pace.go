package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/test/campaign"
	"github.com/millrace/millrace/traffic"
)

// pace sends lines at a rate, and no further than it may.
type pace struct {
	rate  float64
	total int64
	gate  atomic.Int64
}

func newPace(rate float64, total int64) *pace { return &pace{rate: rate, total: total} }

// holdAt lets the sender go on until n lines are sent, where it waits.
func (p *pace) holdAt(n int64) { p.gate.Store(min(n, p.total)) }

// between is how long events come before each fault, at least, and lasting while it lasts, at most.
const between, lasting = 200 * time.Millisecond, 3 * time.Second

// during is how many events come in a time.
func (p *pace) during(d time.Duration) int64 { return int64(p.rate * d.Seconds()) }

// spend returns from plus some events, but leaves as many as the faults that are left need.
func (p *pace) spend(from, some int64, left int) int64 {
	return max(1, min(from+some, p.total-int64(left)*p.during(between)))
}

// tick is how often lines are sent.
const tick = 10 * time.Millisecond

// send sends lines and returns when all are acknowledged.
func (p *pace) send(ctx context.Context, f *feed.Feed, lines []traffic.Record) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	budget, sent := 0.0, int64(0)
	for sent < p.total {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
		budget = min(budget+p.rate*tick.Seconds(), max(p.rate, 1)) // what was held back does not come as one burst
		for budget >= 1 && sent < p.gate.Load() {
			if err := f.Send(ctx, lines[sent].Value); err != nil {
				return err
			}
			sent++
			budget--
		}
	}
	return f.Flush(ctx)
}

// sendRequests sends users' requests, evenly over the lines.
func (p *pace) sendRequests(ctx context.Context, f *feed.Feed, records []campaign.Record,
	send func(context.Context, campaign.Record) error) error {
	for i, r := range records {
		if err := p.reach(ctx, f, p.total*int64(i)/int64(len(records))); err != nil {
			return err
		}
		if err := send(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// reach returns when n lines are acknowledged.
func (p *pace) reach(ctx context.Context, f *feed.Feed, n int64) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for f.Acked() < n {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
	return nil
}

// users is how many people pay.
func (o *options) users() int { return int(max(300, o.events/50)) }

// generate makes traffic in which everything that can go wrong goes wrong. Event time runs at its own pace: each 20
// events are a second of an ordinary day, so that windows close and payments time out all the time.
func generate(o options) ([]traffic.Record, error) {
	c := traffic.DefaultConfig()
	c.Seed, c.Rate, c.Flat, c.Count = o.seed, 20, true, o.events
	c.From = campaign.Midnight().Add(-90 * time.Second)
	c.Users, c.Merchants = o.users(), 100
	c.RefundWithin, c.LateBy = 3*time.Minute, 3*time.Hour
	c.Hanging, c.Overdue, c.LateSuccess, c.Refunds, c.EarlyRefunds = 0.005, 0.003, 0.05, 0.08, 0.2
	c.Retries = 0.3
	c.Late, c.Duplicates, c.Altered, c.Anomalies, c.Poison = 0.01, 0.01, 0.003, 0.005, 0.002
	c.Outages = []traffic.Outage{{
		Mode: "upi", Instrument: "sbi", From: c.From.Add(4 * time.Minute), To: c.From.Add(8 * time.Minute),
		SuccessRate: 0.2,
	}}
	g, err := traffic.New(c)
	if err != nil {
		return nil, err
	}
	lines := make([]traffic.Record, 0, o.events)
	for l, ok := g.Next(); ok; l, ok = g.Next() {
		lines = append(lines, l)
	}
	return lines, nil
}
