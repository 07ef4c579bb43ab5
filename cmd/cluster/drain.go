package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Stage is one processor group with the topics it reads.
type Stage struct {
	Group  string
	Topics []string // inputs and the loop
}

// Ends are the end offsets of topics, per partition.
type Ends map[string]map[int32]int64

// Drain waits until every stage has committed all that its topics held when the stages before it were drained. Stages must
// stand in the order of the flow: a group commits an input only after its effects are in its outputs, so what the next
// stage must read is in its topics by then. A loop is waited for until it is empty. every is the pause between looks.
func Drain(ctx context.Context, adm *kadm.Client, stages []Stage, every time.Duration) error {
	for _, s := range stages {
		for {
			before, err := EndOffsets(ctx, adm, s.Topics)
			if err != nil {
				return err
			}
			if err := waitCommitted(ctx, adm, s.Group, before, every); err != nil {
				return err
			}
			after, err := EndOffsets(ctx, adm, s.Topics[len(s.Topics)-1:])
			if err != nil {
				return err
			}
			if last := s.Topics[len(s.Topics)-1]; len(s.Topics) == 1 || same(before[last], after[last]) {
				break
			}
		}
	}
	return nil
}

// EndOffsets returns the end offsets of the partitions of topics that hold anything.
func EndOffsets(ctx context.Context, adm *kadm.Client, topics []string) (Ends, error) {
	starts, err := listed(adm.ListStartOffsets(ctx, topics...))
	if err != nil {
		return nil, fmt.Errorf("start offsets of %v: %w", topics, err)
	}
	last, err := listed(adm.ListEndOffsets(ctx, topics...))
	if err != nil {
		return nil, fmt.Errorf("end offsets of %v: %w", topics, err)
	}
	ends := Ends{}
	last.Each(func(o kadm.ListedOffset) {
		if s, ok := starts.Lookup(o.Topic, o.Partition); ok && s.Offset == o.Offset {
			return // empty, perhaps trimmed: no group ever commits here
		}
		if ends[o.Topic] == nil {
			ends[o.Topic] = map[int32]int64{}
		}
		ends[o.Topic][o.Partition] = o.Offset
	})
	return ends, nil
}

func listed(offsets kadm.ListedOffsets, err error) (kadm.ListedOffsets, error) {
	if err != nil {
		return nil, err
	}
	return offsets, offsets.Error()
}

func waitCommitted(ctx context.Context, adm *kadm.Client, group string, want Ends, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	last := int64(-1)
	for {
		lag, err := lagOf(ctx, adm, group, want)
		switch {
		case err != nil && ctx.Err() != nil && last >= 0: // time was up during this look
			return behind(ctx, group, last)
		case err != nil:
			return err
		case lag == 0:
			return nil
		}
		last = lag
		select {
		case <-ctx.Done():
			return behind(ctx, group, lag)
		case <-ticker.C:
		}
	}
}

func behind(ctx context.Context, group string, lag int64) error {
	return fmt.Errorf("group %s is still %d records behind: %w", group, lag, context.Cause(ctx))
}

func lagOf(ctx context.Context, adm *kadm.Client, group string, want Ends) (int64, error) {
	committed, err := adm.FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // nobody has joined it yet: nothing is committed
		return 0, fmt.Errorf("committed offsets of group %s: %w", group, err)
	}
	var lag int64
	for topic, partitions := range want {
		for partition, end := range partitions {
			at := int64(0)
			if o, ok := committed.Lookup(topic, partition); ok {
				at = max(o.At, 0)
			}
			lag += max(end-at, 0)
		}
	}
	return lag, nil
}

func same(a, b map[int32]int64) bool {
	for p, o := range b {
		if a[p] != o {
			return false
		}
	}
	return true
}
