package task

import (
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Bounds of a rate limit.
const (
	MaxRuns   = 1_000_000
	MaxPeriod = 24 * time.Hour
)

// Limit bounds how many runs of a kind start, over all partitions. The zero value is no limit.
type Limit struct {
	// Runs may start in each Per, 1 to 1,000,000; 0 is no limit.
	Runs int64
	// Per is the period, 1 s to 24 h in whole milliseconds. Defaults to 1 s.
	Per time.Duration
	// Burst runs may start at once on top, 0 to 1,000,000, where so many went unused before. Defaults to 0: runs are
	// evenly spaced.
	Burst int64
}

func (l Limit) validate() error {
	if l == (Limit{}) {
		return nil
	}
	var errs []error
	if l.Runs < 1 || l.Runs > MaxRuns {
		errs = append(errs, fmt.Errorf("runs %d: write 1 to %d, or leave the limit out", l.Runs, int64(MaxRuns)))
	}
	if l.Per < time.Second || l.Per > MaxPeriod || l.Per%time.Millisecond != 0 {
		errs = append(errs, fmt.Errorf("per %s: write 1s to %s, in whole milliseconds", l.Per, MaxPeriod))
	}
	if l.Burst < 0 || l.Burst > MaxRuns {
		errs = append(errs, fmt.Errorf("burst %d: write 0 to %d", l.Burst, int64(MaxRuns)))
	}
	return errors.Join(errs...)
}

// Share is one partition of those that a limit is divided over.
type Share struct {
	Partition, Partitions int64 // 0 <= Partition < Partitions
}

// Bucket is the token bucket of a kind on one partition. All partitions lie on one grid of slots, slot n at n*Per/Runs
// of the epoch, and partition p owns every slot n with n%Partitions == p. Each slot starts one run. So over all
// partitions, in any interval of length d, at most d*Runs/Per + 1 + Burst runs start: the shares add up exactly,
// whatever divides evenly. What one partition leaves unused no other one takes.
//
// The zero value has used no slot.
type Bucket struct {
	// Next is the first of the partition's own slots that is not used yet.
	Next int64
}

// Reserve takes the next slot and returns when its run may start: now, or later. Whoever reserves first starts first,
// and nobody has to ask again. Times are those of the years up to 2100.
func (b Bucket) Reserve(l Limit, s Share, now instant.Milli) (Bucket, instant.Milli) {
	// The first own slot that is not over at now; those of the partition's burst may still be used.
	first := ceilDiv(max(0, l.slot(now)-s.Partition), s.Partitions)
	burst := l.Burst*(s.Partition+1)/s.Partitions - l.Burst*s.Partition/s.Partitions
	own := max(b.Next, first-burst)
	return Bucket{Next: own + 1}, max(now, l.at(own*s.Partitions+s.Partition))
}

// slot returns the first slot at or after t, which is after the epoch.
func (l Limit) slot(t instant.Milli) int64 { return int64(t-1)*l.Runs/l.Per.Milliseconds() + 1 }

// at returns when slot n is, cut up to whole milliseconds.
func (l Limit) at(n int64) instant.Milli {
	return instant.Milli(ceilDiv(n*l.Per.Milliseconds(), l.Runs))
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
