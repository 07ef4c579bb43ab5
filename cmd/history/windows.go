package history

import (
	"bufio"
	"bytes"
	"container/heap"
	"context"
	"fmt"
	"io"
	"slices"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

// held is how many windows are held back to bring them into order: a group that catches up closes many windows of one
// series before those of another.
const held = 500_000

// Windows hands out the counts of the finals that start at or after begin and before end, in order of their starts; 0
// for either means all.
func (r *Reader) Windows(ctx context.Context, begin, end instant.Milli, sinks ...Sink) (Extent, error) {
	topic := r.config.Topology.HealthWindows.Name
	lanes, err := r.lanes(ctx, topic, begin) // their timestamps are the ends of windows
	if err != nil {
		return Extent{}, err
	}
	defer closeAll(slices.Clone(lanes))
	out := feeder{begin: begin, end: end, sinks: sinks}
	heads := make([]instant.Milli, len(lanes)) // the latest start of each
	for len(lanes) > 0 {
		first := 0
		for i, start := range heads {
			if start < heads[first] {
				first = i
			}
		}
		w, err := out.next(ctx, lanes[first])
		switch {
		case err != nil:
			return out.read, err
		case w == nil:
			lanes, heads = slices.Delete(lanes, first, first+1), slices.Delete(heads, first, first+1)
			continue
		}
		heads[first] = max(heads[first], w.Start)
		if err := out.buffer(w, held); err != nil {
			return out.read, err
		}
	}
	return out.read, out.drain(0)
}

// feeder hands windows out, in order of their starts.
type feeder struct {
	begin, end instant.Milli
	sinks      []Sink
	waiting    byStart
	read       Extent
}

// next returns the next window of a lane that counts, nil if there is none.
func (f *feeder) next(ctx context.Context, l *lane) (*health.WindowRecord, error) {
	for {
		rec, err := l.next(ctx)
		if rec == nil || err != nil {
			return nil, err
		}
		w, err := healthcodec.WindowRecord{}.Decode(rec.Value)
		if err != nil {
			return nil, fmt.Errorf("%s/%d at %d: %w", l.topic, l.partition, rec.Offset, err)
		}
		if f.counts(w) {
			return w, nil
		}
	}
}

// counts tells whether a window is part of the history: one with attempts. Of windows that overlap, those count that
// lie side by side from the epoch on.
func (f *feeder) counts(w *health.WindowRecord) bool {
	size := w.End - w.Start
	return !w.Silent && w.Revision == 0 && w.Samples > 0 && w.Start%max(size, 1) == 0 &&
		w.Start >= f.begin && (f.end == 0 || w.Start < f.end)
}

func (f *feeder) feed(w *health.WindowRecord) error {
	for _, s := range f.sinks {
		s.Advance(w.Start)
		if err := s.Window(w.Path, w.Span, w.Counts); err != nil {
			return err
		}
	}
	f.read.Records++
	f.read.Until = max(f.read.Until, w.End)
	return nil
}

// buffer adds a window to those held back, and feeds the earliest while there are more than room.
func (f *feeder) buffer(w *health.WindowRecord, room int) error {
	heap.Push(&f.waiting, w)
	return f.drain(room)
}

// drain hands windows out until room are left.
func (f *feeder) drain(room int) error {
	for len(f.waiting) > room {
		if err := f.feed(heap.Pop(&f.waiting).(*health.WindowRecord)); err != nil {
			return err
		}
	}
	return nil
}

// File hands out the finals of a file, one JSON object a line as on `health-windows`, as Windows does.
func File(in io.Reader, begin, end instant.Milli, sinks ...Sink) (Extent, error) {
	out := feeder{begin: begin, end: end, sinks: sinks}
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, 16<<20)
	for number := 1; scanner.Scan(); number++ {
		if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
			continue
		}
		w, err := healthcodec.WindowRecord{}.Decode(scanner.Bytes())
		if err != nil {
			return Extent{}, fmt.Errorf("line %d: %w", number, err)
		}
		if !out.counts(w) {
			continue
		}
		if err := out.buffer(w, held); err != nil {
			return out.read, err
		}
	}
	if err := scanner.Err(); err != nil {
		return out.read, err
	}
	if err := out.drain(0); err != nil {
		return out.read, err
	}
	if out.read.Records == 0 {
		return out.read, fmt.Errorf("the file %w", errEmpty)
	}
	return out.read, nil
}

// byStart is a heap of windows.
type byStart []*health.WindowRecord

func (h byStart) Len() int { return len(h) }
func (h byStart) Less(i, j int) bool {
	return h[i].Start < h[j].Start || h[i].Start == h[j].Start && h[i].Key() < h[j].Key()
}
func (h byStart) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is heap.Interface's.
func (h *byStart) Push(x any) { *h = append(*h, x.(*health.WindowRecord)) }

// Pop is heap.Interface's.
func (h *byStart) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
