package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// Stage is one processor group with the topics it reads.
type Stage struct {
	Group  string
	Topics []string // inputs and the loop
}

// Drain waits until every stage has committed all that its topics held when the stages before it were drained. Stages must
// stand in the order of the flow: a group commits an input only after its effects are in its outputs, so what the next
// stage must read is in its topics by then. A loop is waited for until it is empty. every is the pause between looks.
func Drain(ctx context.Context, adm *Admin, stages []Stage, every time.Duration) error {
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

func waitCommitted(ctx context.Context, adm *Admin, group string, want Ends, every time.Duration) error {
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

func lagOf(ctx context.Context, adm *Admin, group string, want Ends) (int64, error) {
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
