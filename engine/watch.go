package engine

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/watermark"
)

// peekBytes bounds a fetch that only finds out whether there is anything.
const peekBytes = 4 << 10

// look is one look at the inputs, with what is remembered from one to the next.
type look struct {
	edges  edges
	stable lastStable
	pace   lookPace
}

func newLook(client *kgo.Client) *look { return &look{edges: edges{client: client}} }

// checkEnds finds out how far each claim is behind. A consumer cannot tell: at the end of a partition that is written
// in transactions stand control records, which it skips without a word, and a partition is idle only if all of it was
// read. Only where records no longer come is it worth a fetch. It tells whether nothing has come since the last check
// and all is handled.
func (s *session) checkEnds(ctx context.Context, l *look, always bool) (quiet bool, err error) {
	at := s.engine.config.Clock()
	fetches, worth := make([]int64, len(s.all)), make([]bool, len(s.all))
	quiet = true
	for i, c := range s.all {
		_, fetches[i], worth[i] = c.beginCheck()
		quiet = quiet && worth[i]
	}
	places, measures := s.places(&l.stable)
	ends, err := l.edges.ask(ctx, places)
	if err != nil {
		return false, err
	}
	if measures {
		s.measureStable(ends, &l.stable)
	}
	for i, c := range s.all {
		end, ok := ends[place{c.topic, c.number}]
		if !ok {
			quiet = false
			continue
		}
		clear, _ := c.position()
		if (worth[i] || always) && clear < end.stable {
			r := newReader(l.edges.client, c.topic, c.number, clear)
			r.bytes = peekBytes
			if clear, err = r.skip(ctx, end.stable); err != nil {
				return false, err
			}
		}
		c.observeEnd(clear, end.stable, end.high > end.stable, fetches[i], at)
		quiet = quiet && clear >= end.high
	}
	return quiet, nil
}

func (s *session) checkEndsNow() {
	e := s.engine
	client, err := e.link.acquire()
	if err != nil {
		return
	}
	defer e.link.release()
	if _, err := s.checkEnds(s.ctx, newLook(client), true); err != nil && s.ctx.Err() == nil {
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
	l := newLook(client)
	l.pace = lookPace{every: every, rarer: quietTimes}
	if s.hasOwnTime() {
		l.pace.rarer = quietTimesOwn
	}
	for {
		quiet, err := s.checkEnds(s.ctx, l, false)
		if err != nil && s.ctx.Err() == nil {
			e.config.Logger.Debug("look at the inputs", "group", e.graph.group, "error", err)
		}
		s.measure()
		wait := l.pace.next(quiet)
		s.quiet.Store(int64(wait))
		if !s.await(&l.pace, wait) {
			return
		}
	}
}

// await waits until the next look. Records end a long wait. It returns false when the session ends.
func (s *session) await(pace *lookPace, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	stirred := s.stirred
	for {
		select {
		case <-s.ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-stirred:
			pace.stir()
			stirred = nil // once for each look
			if wait > pace.every {
				timer.Reset(pace.every)
			}
		}
	}
}

// stir tells that records were handled.
func (s *session) stir() {
	s.quiet.Store(0)
	select {
	case s.stirred <- struct{}{}:
	default: // it knows
	}
}

// hasOwnTime tells whether event time is derived from an input here, for which the looks must be close together.
func (s *session) hasOwnTime() bool {
	for _, in := range s.engine.graph.timed {
		if in.Own {
			return true
		}
	}
	return false
}

const (
	// quietLooks in a row that find nothing make looks rarer.
	quietLooks = 25
	// quietTimes is how many times rarer, and quietTimesOwn where event time is derived from an input: what tells that
	// the input is idle stays far below the time that it may take (watermark.Config.Patience).
	quietTimes, quietTimesOwn = 10, 2
)

// lookPace says when to look at the inputs next. Of a group that nothing reaches looks cost more than all the rest.
type lookPace struct {
	every time.Duration
	rarer int // how many times
	quiet int // looks in a row that found nothing
}

// next returns the time until the next look, given what this one found.
func (p *lookPace) next(quiet bool) time.Duration {
	if !quiet {
		p.quiet = 0
		return p.every
	}
	if p.quiet++; p.quiet < quietLooks {
		return p.every
	}
	return time.Duration(p.rarer) * p.every
}

// stir tells that something has come.
func (p *lookPace) stir() { p.quiet = 0 }

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
