// Package history reads the payments of the past for a replay, in order of event time: from attempts, or from the
// finals of health windows if the attempts are gone; from a deployment or from a file.
//
// The topic `attempts` is the natural source. It holds what the group health counted, in the same order and with the
// watermarks that health used, so a replay at the settings of the deployment makes the same windows, scores and states.
// It is kept for days. The finals in `health-windows` are kept as long as there is room; their windows can be joined,
// but not cut. Corrections are ignored: they came after the states that a replay is about.
package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/topology"
)

// Sink takes history in. Advance comes before what is judged against that time.
type Sink interface {
	Advance(watermark instant.Milli)
	Attempt(*ledger.Attempt, health.Source)
	Window(p health.Path, span window.Span, counts health.Counts) error
}

// Extent is how much was read.
type Extent struct {
	// Records is how many attempts or windows there were.
	Records int64
	// Until is the watermark of the last attempt, or the end of the last window.
	Until instant.Milli
}

// Config says where history is.
type Config struct {
	Client   engine.ClientConfig
	Topology *topology.Topology
	// Progress hears how many of how many records were read. Defaults to nobody.
	Progress func(read, all int64)
}

// Reader reads the history of a deployment.
type Reader struct {
	config Config
	admin  *cluster.Admin
}

// Open connects; close the reader when done.
func Open(c Config) (*Reader, error) {
	admin, err := cluster.Connect(c.Client)
	if err != nil {
		return nil, err
	}
	if c.Progress == nil {
		c.Progress = func(int64, int64) {}
	}
	return &Reader{c, admin}, nil
}

// Close closes the connections.
func (r *Reader) Close() { r.admin.Close() }

// ahead is how far event time may be ahead of the time at which a record is appended (docs/design.md, section 4), with
// some room.
const ahead = 10 * time.Minute

// AttemptsSince tells whether the attempts since begin are still there. With begin 0 that is all there ever were.
func (r *Reader) AttemptsSince(ctx context.Context, begin instant.Milli) (bool, error) {
	topic := r.config.Topology.Attempts.Name
	spans, err := r.spans(ctx, topic, begin.Add(-ahead))
	if err != nil {
		return false, err
	}
	for _, s := range spans {
		// the oldest one there may not be the oldest one since begin
		if s.first > 0 && (begin == 0 || s.from == s.first) {
			return false, nil
		}
	}
	return len(spans) > 0, nil
}

// span is the part of a partition that is read.
type span struct {
	partition int32
	first     int64 // offset at which the log begins
	from, end int64 // offsets
}

// spans returns the partitions of a topic that hold records, from the first record with a timestamp at or after since.
func (r *Reader) spans(ctx context.Context, topic string, since instant.Milli) ([]span, error) {
	firsts, err := listed(r.admin.ListStartOffsets(ctx, topic))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", topic, err)
	}
	froms := firsts
	if since > 0 {
		if froms, err = listed(r.admin.ListOffsetsAfterMilli(ctx, int64(since), topic)); err != nil {
			return nil, fmt.Errorf("%s: %w", topic, err)
		}
	}
	ends, err := cluster.EndOffsets(ctx, r.admin, []string{topic})
	if err != nil {
		return nil, err
	}
	var out []span
	for _, o := range firsts.Offsets().Sorted() {
		end, ok := ends[topic][o.Partition]
		if !ok {
			continue
		}
		s := span{partition: o.Partition, first: o.At, from: o.At, end: end}
		if at, ok := froms.Lookup(topic, o.Partition); ok && at.Offset > s.from {
			s.from = min(at.Offset, end)
		}
		out = append(out, s)
	}
	return out, nil
}

func listed(offsets kadm.ListedOffsets, err error) (kadm.ListedOffsets, error) {
	if err != nil {
		return nil, err
	}
	return offsets, offsets.Error()
}

// errEmpty is a topic without a record in the time asked for.
var errEmpty = errors.New("holds no record of that time")

// lanes opens a log for each span.
func (r *Reader) lanes(ctx context.Context, topic string, since instant.Milli) ([]*lane, error) {
	spans, err := r.spans(ctx, topic, since)
	if err != nil {
		return nil, err
	}
	opts, err := r.config.Client.Options()
	if err != nil {
		return nil, err
	}
	var lanes []*lane
	progress := &progress{tell: r.config.Progress}
	for _, s := range spans {
		if s.from >= s.end {
			continue
		}
		l, err := openLane(opts, topic, s, progress)
		if err != nil {
			closeAll(lanes)
			return nil, err
		}
		lanes = append(lanes, l)
		progress.all += s.end - s.from
	}
	if len(lanes) == 0 {
		return nil, fmt.Errorf("topic %s %w", topic, errEmpty)
	}
	return lanes, nil
}

// progress adds up what all lanes have read.
type progress struct {
	read, all int64
	tell      func(read, all int64)
}
