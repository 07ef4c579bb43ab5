// Package rate limits the requests of many subjects: one token bucket for each, in bounded memory.
package rate

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limit is how often a subject may ask.
type Limit struct {
	// PerSecond is how many requests a second are allowed in the long run. 0 is no limit.
	PerSecond int
	// Burst is how many may come at once. At least 1, with a limit.
	Burst int
}

// Validate returns what is wrong with l.
func (l Limit) Validate() error {
	switch {
	case l.PerSecond < 0:
		return fmt.Errorf("per_second %d: must not be negative", l.PerSecond)
	case l.PerSecond > 0 && l.Burst < 1:
		return fmt.Errorf("burst %d: must be at least 1", l.Burst)
	case l.PerSecond > maxRate || l.Burst > maxRate:
		return errors.New("per_second and burst are at most 1000000")
	}
	return nil
}

const maxRate = 1_000_000

// maxSubjects is how many subjects are remembered at least, twice as many at most: about 20 MB.
const maxSubjects = 65_536

// Limiter counts what subjects ask. Its methods are safe for concurrent use.
//
// Subjects lie in two generations. Who asks is in the young one; when that is full the old one is forgotten and the
// young one becomes old. A subject that is forgotten begins with a full bucket, as it mostly would have had by then.
type Limiter struct {
	limit Limit
	now   func() time.Time
	seed  maphash.Seed
	max   int

	mu         sync.Mutex
	young, old map[uint64]*rate.Limiter
}

// New returns a limiter; now tells the time, nil for time.Now.
func New(l Limit, now func() time.Time) *Limiter {
	if now == nil {
		now = time.Now
	}
	return &Limiter{limit: l, now: now, seed: maphash.MakeSeed(), max: maxSubjects, young: map[uint64]*rate.Limiter{}}
}

// Take counts one request of the subject. If it came too soon, wait is how long until one may come.
func (l *Limiter) Take(subject string) (wait time.Duration, ok bool) {
	if l.limit.PerSecond == 0 {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	taken := l.bucket(maphash.String(l.seed, subject)).ReserveN(now, 1)
	if wait = taken.DelayFrom(now); wait > 0 {
		taken.CancelAt(now)
		// the bucket rounds down: then it would be too soon
		return (wait + time.Microsecond - 1).Truncate(time.Microsecond), false
	}
	return 0, true
}

// bucket returns the bucket of a subject, as one of the young ones. It needs the lock.
func (l *Limiter) bucket(key uint64) *rate.Limiter {
	b := l.young[key]
	if b != nil {
		return b
	}
	if b = l.old[key]; b == nil {
		b = rate.NewLimiter(rate.Limit(l.limit.PerSecond), l.limit.Burst)
	}
	if len(l.young) >= l.max {
		l.old, l.young = l.young, map[uint64]*rate.Limiter{}
	}
	l.young[key] = b
	return b
}

// Subjects returns how many subjects are remembered; one that asked in both generations counts twice.
func (l *Limiter) Subjects() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.young) + len(l.old)
}
