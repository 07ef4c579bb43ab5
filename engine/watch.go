package engine

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// peekBytes bounds a fetch that only asks whether there is anything.
const peekBytes = 4 << 10

// look finds out how far each claim is behind. A consumer cannot tell: at the end of a partition that is written in
// transactions stand control records, which it skips without a word, and a partition is idle only if all of it was read. Only where records no longer come (quiet) is it
// worth a fetch.
func (s *session) look(ctx context.Context, client *kgo.Client, quiet bool) error {
	ends, err := kadm.NewClient(client).ListCommittedOffsets(ctx, s.member.topics...)
	if err != nil {
		return err
	}
	for _, c := range s.all {
		end, ok := ends.Lookup(c.topic, c.number)
		if !ok || end.Err != nil {
			continue
		}
		clear, _ := c.position()
		if quiet && clear < end.Offset {
			r := newReader(client, c.topic, c.number, clear)
			r.bytes = peekBytes
			if clear, err = r.skip(ctx, end.Offset); err != nil {
				return err
			}
		}
		c.looked(clear, end.Offset)
	}
	s.looked.Store(time.Now().UnixNano())
	return nil
}

// lookAge is how old a look may be to say that a partition is idle: it says nothing after the process stood still.
const lookAge = 2 * time.Second

func (s *session) lookNow() {
	e := s.engine
	client, err := e.link.take()
	if err != nil {
		return
	}
	defer e.link.release()
	if err := s.look(s.ctx, client, true); err != nil && s.ctx.Err() == nil {
		e.config.Logger.Debug("look at the inputs", "group", e.graph.group, "error", err)
	}
}

// watch looks from time to time, until the session ends.
func (s *session) watch(every time.Duration) {
	e := s.member.engine
	client, err := e.link.take()
	if err != nil {
		return
	}
	defer e.link.release()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for seen := int64(-1); ; {
		taken := s.taken.Load()
		if err := s.look(s.ctx, client, taken == seen); err != nil && s.ctx.Err() == nil {
			e.config.Logger.Debug("look at the inputs", "group", e.graph.group, "error", err)
		}
		seen = taken
		s.measure()
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (s *session) measure() {
	e := s.member.engine
	m, group, wall := e.config.Metrics, e.graph.group, e.config.Clock()
	var low time.Time
	set := 0
	for _, c := range e.assigned() {
		if at := c.now(); low.IsZero() || !at.IsZero() && at.Before(low) {
			low = at
		}
		set += c.timers()
	}
	for _, c := range s.all {
		m.setLag(group, c.topic, c.number, c.behind())
	}
	m.timers.WithLabelValues(group).Set(float64(set))
	if !low.IsZero() {
		m.watermarkLag.WithLabelValues(group).Set(wall.Sub(low).Seconds())
	}
}
