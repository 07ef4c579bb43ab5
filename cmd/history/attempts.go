package history

import (
	"context"
	"fmt"
	"math"

	"github.com/twmb/franz-go/pkg/kgo"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine/watermark"
)

// Attempts hands out the attempts since begin, up to the watermark end; 0 for either means all. Every partition is read
// in its order, with its own watermarks; the partition whose time is behind goes first.
func (r *Reader) Attempts(ctx context.Context, begin, end instant.Milli, sinks ...Sink) (Extent, error) {
	topic := r.config.Topology.Attempts.Name
	since := instant.Milli(0)
	if begin > 0 {
		since = begin.Add(-ahead)
	}
	lanes, err := r.lanes(ctx, topic, since)
	if err != nil {
		return Extent{}, err
	}
	defer closeAll(lanes)
	clocks := make([]*clock, len(lanes))
	for i, l := range lanes {
		clocks[i] = newClock(topic, l.from == 0)
	}
	var read Extent
	for {
		i := slowest(clocks)
		if i < 0 || end > 0 && clocks[i].now() > end {
			return read, nil
		}
		read.Until = max(read.Until, clocks[i].now())
		for _, s := range sinks {
			s.Advance(read.Until)
		}
		rec, err := lanes[i].next(ctx)
		switch {
		case err != nil:
			return read, err
		case rec == nil:
			clocks[i].over = true
		case watermark.Is(rec.Value):
			if err := clocks[i].observe(rec.Value); err != nil {
				return read, fmt.Errorf("%s/%d at %d: %w", topic, rec.Partition, rec.Offset, err)
			}
		default:
			if err := attempt(rec, sinks); err != nil {
				return read, fmt.Errorf("%s/%d at %d: %w", topic, rec.Partition, rec.Offset, err)
			}
			read.Records++
		}
	}
}

func attempt(rec *kgo.Record, sinks []Sink) error {
	a, err := ledgercodec.Attempt{}.Decode(rec.Value)
	if err != nil {
		return err
	}
	for _, s := range sinks {
		s.Attempt(a, health.Source{Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset})
	}
	return nil
}

// clock is the event time of one partition of `attempts`, made as its reader's is.
type clock struct {
	topic string
	merge *watermark.Merge
	whole bool // it is read from its beginning, so that every source will be observed
	known map[string]bool
	over  bool
}

func newClock(topic string, whole bool) *clock {
	return &clock{topic: topic, merge: watermark.NewMerge(watermark.Input{Topic: topic}), whole: whole,
		known: map[string]bool{}}
}

// observe applies a watermark record. A clock that begins in the middle does not wait for sources that sent their last
// record before.
func (c *clock) observe(value []byte) error {
	r, err := watermark.Decode(value)
	if err != nil {
		return err
	}
	if !c.whole && !c.known[r.Origin] {
		c.known[r.Origin] = true
		for source := range r.Sources {
			c.merge.Observe(c.topic, watermark.Record{Origin: r.Origin, Source: source, Sources: r.Sources,
				Time: watermark.None, Idle: true})
		}
	}
	c.merge.Observe(c.topic, r)
	return nil
}

// now returns the watermark as callbacks see it, 0 while nothing is known.
func (c *clock) now() instant.Milli { return instant.Milli(max(c.merge.Watermark(), 0)) }

// slowest returns the index of the clock that is behind all others and not over, -1 if all are.
func slowest(clocks []*clock) int {
	at, least := -1, int64(math.MaxInt64)
	for i, c := range clocks {
		if w := c.merge.Watermark(); !c.over && (at < 0 || w < least) {
			at, least = i, w
		}
	}
	return at
}
