package engine

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/watermark"
)

// peekBytes bounds a fetch that only finds out whether there is anything.
const peekBytes = 4 << 10

// checkEnds finds out how far each claim is behind. A consumer cannot tell: at the end of a partition that is written
// in transactions stand control records, which it skips without a word, and a partition is idle only if all of it was
// read. Only where records no longer come is it worth a fetch.
func (s *session) checkEnds(ctx context.Context, client *kgo.Client, always bool) error {
	at, admin := s.engine.config.Clock(), kadm.NewClient(client)
	fetches, worth := make([]int64, len(s.all)), make([]bool, len(s.all))
	for i, c := range s.all {
		_, fetches[i], worth[i] = c.beginCheck()
	}
	ends, err := admin.ListCommittedOffsets(ctx, s.member.topics...)
	if err != nil {
		return err
	}
	highest, err := admin.ListEndOffsets(ctx, s.member.topics...)
	if err != nil {
		return err
	}
	for i, c := range s.all {
		end, ok := ends.Lookup(c.topic, c.number)
		high, also := highest.Lookup(c.topic, c.number)
		if !ok || !also || end.Err != nil || high.Err != nil {
			continue
		}
		clear, _ := c.position()
		if (worth[i] || always) && clear < end.Offset {
			r := newReader(client, c.topic, c.number, clear)
			r.bytes = peekBytes
			if clear, err = r.skip(ctx, end.Offset); err != nil {
				return err
			}
		}
		c.observeEnd(clear, end.Offset, high.Offset > end.Offset, fetches[i], at)
	}
	return nil
}

func (s *session) checkEndsNow() {
	e := s.engine
	client, err := e.link.acquire()
	if err != nil {
		return
	}
	defer e.link.release()
	if err := s.checkEnds(s.ctx, client, true); err != nil && s.ctx.Err() == nil {
		e.config.Logger.Debug("look at the inputs", "group", e.graph.group, "error", err)
	}
}

// watch checks ends and last stable offsets from time to time, until the session ends.
func (s *session) watch(every time.Duration) {
	e := s.member.engine
	client, err := e.link.acquire()
	if err != nil {
		return
	}
	defer e.link.release()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for seen := new(lastStable); ; {
		if err := errors.Join(s.checkEnds(s.ctx, client, false), s.measureStable(s.ctx, client, seen)); err != nil &&
			s.ctx.Err() == nil {
			e.config.Logger.Debug("look at the inputs", "group", e.graph.group, "error", err)
		}
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
	low, set := watermark.None, 0
	for _, p := range s.parts {
		if at := p.now.Load(); at != watermark.None && !e.graph.wall { // which is now, or does not matter
			if low == watermark.None || at < low {
				low = at
			}
			m.setWatermark(group, p.number, timeOf(at))
		}
		if p.timers != nil {
			set += p.timers.near()
		}
	}
	s.measureLookups(wall)
	for _, c := range s.all {
		m.setLag(group, c.topic, c.number, c.behind())
	}
	m.timers.WithLabelValues(group).Set(float64(set))
	if low != watermark.None {
		m.watermarkLag.WithLabelValues(group).Set(wall.Sub(timeOf(low)).Seconds())
	}
}
