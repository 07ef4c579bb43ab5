package dev

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/cmd/feed"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/traffic"
	devviews "github.com/millrace/millrace/views/dev"
)

// The traffic of `dev`: how far back it begins, and the outage that is under way when it reaches the present.
const (
	history       = 30 * time.Minute
	outageBegan   = 9 * time.Minute // before now
	outageEnds    = 6 * time.Minute // after now
	outageMode    = "upi"
	outageBank    = "sbi"
	outageSuccess = 0.15
	breakable     = "hdfc"                 // a large bank of that mode that is well
	pulse         = 100 * time.Millisecond // between two looks at what is due
	users         = 300
)

// DefaultRate is how many events a second `dev` sends unless it is told otherwise.
const DefaultRate = 20

// BreakFor is how long `dev break` breaks traffic unless it is told otherwise: until the bank is seen to be down. A
// score is pooled over 30 windows, so a bank that was well is below the threshold of down for the second time after
// four full windows of a minute; with the one that had begun before, and 10 s of grace, that is up to 5 min 10 s.
const BreakFor = 6 * time.Minute

// source sends traffic until it is told to stop.
type source struct {
	feed *feed.Feed
	mu   sync.Mutex // guards live
	live *traffic.Live
}

// newSource returns traffic that begins at from. The outage lies around now.
func newSource(f *feed.Feed, rate float64, from, now time.Time) (*source, error) {
	cfg := traffic.DefaultConfig()
	cfg.Rate, cfg.From, cfg.Seed, cfg.Flat = rate, from, uint64(from.UnixMilli()), true
	cfg.Users, cfg.Merchants = users, 200
	// More of what is rare, so that all of it can be seen within half an hour of modest traffic.
	cfg.Refunds, cfg.Hanging, cfg.Poison, cfg.Late = 0.04, 0.002, 0.0005, 0.001
	cfg.LateBy = 20 * time.Minute
	cfg.Outages = []traffic.Outage{{
		Mode: outageMode, Instrument: outageBank, From: now.Add(-outageBegan), To: now.Add(outageEnds),
		SuccessRate: outageSuccess,
	}}
	live, err := traffic.NewLive(cfg)
	return &source{feed: f, live: live}, err
}

func (s *source) send(ctx context.Context, now time.Time) (int64, error) {
	n := int64(0)
	for ctx.Err() == nil {
		r, ok := s.next(now)
		if !ok {
			break
		}
		if err := s.feed.Send(ctx, r.Value); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// next takes one line that is due before now, false if there is none.
func (s *source) next(now time.Time) (traffic.Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for r := range s.live.Until(now) {
		return r, true
	}
	return traffic.Record{}, false
}

// breakTraffic makes payments of an outage go badly.
func (s *source) breakTraffic(o backtest.Outage) error {
	for _, check := range []struct {
		field, name string
		known       []string
	}{
		{"mode", o.Mode, traffic.Modes()}, {"instrument", o.Instrument, traffic.Instruments(o.Mode)},
		{"gateway", o.Gateway, append(traffic.Gateways(), "")},
	} {
		if !slices.Contains(check.known, check.name) {
			return &devviews.UnknownError{Field: check.field,
				Known: slices.DeleteFunc(check.known, func(s string) bool { return s == "" })}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live.Break(traffic.Outage{
		Mode: o.Mode, Instrument: o.Instrument, Gateway: o.Gateway, From: o.Begin.Time(), To: o.End.Time(),
		SuccessRate: o.Success,
	})
	return nil
}

// run sends what becomes due until ctx ends, and then waits for the acknowledgements.
func (s *source) run(ctx context.Context) error {
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return s.feed.Flush(context.WithoutCancel(ctx))
		case <-ticker.C:
			if _, err := s.send(ctx, time.Now()); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}
