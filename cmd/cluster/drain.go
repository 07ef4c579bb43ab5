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

// Drain waits until every stage has committed all that its topics held when the stages before it were drained. Stages
// must stand in the order of the flow: a group commits an input only after its effects are in its outputs, so what the
// next stage must read is in its topics by then. A loop is waited for until it is empty. every is the pause between
// looks.
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
	var last lag
	for {
		now, err := lagOf(ctx, adm, group, want)
		switch {
		case err != nil && ctx.Err() != nil && last.records > 0: // time was up during this look
			return last.error(ctx, group)
		case err != nil:
			return err
		case now.records == 0:
			return nil
		}
		last = now
		select {
		case <-ctx.Done():
			return last.error(ctx, group)
		case <-ticker.C:
		}
	}
}

// lag is how far a group is behind, and where the most.
type lag struct {
	records, most int64
	at            place
}

func (l lag) error(ctx context.Context, group string) error {
	return fmt.Errorf("group %s is still %d records behind, %d of them in %s/%d: %w", group, l.records, l.most,
		l.at.topic, l.at.partition, context.Cause(ctx))
}

func lagOf(ctx context.Context, adm *Admin, group string, want Ends) (lag, error) {
	committed, err := adm.FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // nobody has joined it yet: nothing is committed
		return lag{}, fmt.Errorf("committed offsets of group %s: %w", group, err)
	}
	var l lag
	for topic, partitions := range want {
		for partition, end := range partitions {
			if o, ok := committed.Lookup(topic, partition); ok {
				end -= max(o.At, 0)
			}
			l.records += max(end, 0)
			if end > l.most {
				l.most, l.at = end, place{topic, partition}
			}
		}
	}
	return l, nil
}

func same(a, b map[int32]int64) bool {
	for p, o := range b {
		if a[p] != o {
			return false
		}
	}
	return true
}
