package task

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"
)

// One is 1 in the thousandths that Factor and Jitter are written in. They are integers, so that every machine waits
// equally long.
const One = 1000

// Bounds of a retry policy. All delays of a task together stay below 6 years.
const (
	MaxAttempts     = 100
	MaxDelay        = 7 * 24 * time.Hour
	MaxFactor       = 100 * One
	MaxNonRetryable = 64
)

// Retry says how a failed task is tried again.
type Retry struct {
	// MaxAttempts is how often a task may fail, 1 to 100; the last failure exhausts it. Defaults to 9.
	MaxAttempts int64
	// Base is the delay before the second attempt, 1 ms to 7 d. Defaults to 1 s.
	Base time.Duration
	// Factor multiplies the delay after each failure, in thousandths, 1000 to 100000. Defaults to 2000.
	Factor int64
	// Cap is the longest delay before jitter, Base to 7 d. Defaults to 60 s.
	Cap time.Duration
	// Jitter moves each delay up or down by at most this part of it, in thousandths, 0 to 1000. Defaults to 100.
	Jitter int64
	// NonRetryable are error codes after which no attempt follows. Defaults to none.
	NonRetryable []string
}

// DefaultRetry returns the policy of a kind that declares none.
func DefaultRetry() Retry {
	return Retry{MaxAttempts: 9, Base: time.Second, Factor: 2 * One, Cap: time.Minute, Jitter: One / 10}
}

// Delay returns how long a task waits after its n-th failure, n from 1: min(Cap, Base*Factor^(n-1)), moved by jitter,
// in whole milliseconds, at least 1 ms. The jitter is a hash of id and n.
func (r Retry) Delay(id string, n int64) time.Duration {
	d, most := r.Base.Microseconds(), r.Cap.Microseconds()
	for i := int64(1); i < n && d < most && r.Factor > One; i++ {
		d = d * r.Factor / One
	}
	d = min(d, most)
	if r.Jitter > 0 {
		spread := d * r.Jitter / One
		d += -spread + int64(seed(id, n)%uint64(2*spread+1))
	}
	return max(time.Millisecond, (time.Duration(d) * time.Microsecond).Truncate(time.Millisecond))
}

func seed(id string, n int64) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	h.Write([]byte{0})
	h.Write(strconv.AppendInt(nil, n, 10))
	s := h.Sum64()
	s ^= s >> 33 // FNV mixes its last byte into the low bits only
	s *= 0xff51afd7ed558ccd
	return s ^ s>>33
}

// Without returns r with further codes after which no attempt follows.
func (r Retry) Without(codes ...string) Retry {
	r.NonRetryable = slices.Clone(r.NonRetryable)
	for _, c := range codes {
		if !slices.Contains(r.NonRetryable, c) {
			r.NonRetryable = append(r.NonRetryable, c)
		}
	}
	return r
}

// retryable tells whether another attempt may follow an error.
func (r Retry) retryable(code string) bool { return !slices.Contains(r.NonRetryable, code) }

func (r Retry) validate() error {
	var errs []error
	if r.MaxAttempts < 1 || r.MaxAttempts > MaxAttempts {
		errs = append(errs, fmt.Errorf("max_attempts %d: write 1 to %d", r.MaxAttempts, int64(MaxAttempts)))
	}
	if r.Base < time.Millisecond || r.Base > MaxDelay {
		errs = append(errs, fmt.Errorf("base %s: write 1ms to %s", r.Base, MaxDelay))
	}
	if r.Factor < One || r.Factor > MaxFactor {
		errs = append(errs, fmt.Errorf("factor %s: write 1 to %d", thousandths(r.Factor), MaxFactor/One))
	}
	if r.Cap < r.Base || r.Cap > MaxDelay {
		errs = append(errs, fmt.Errorf("cap %s: write at least base (%s) and at most %s", r.Cap, r.Base, MaxDelay))
	}
	if r.Jitter < 0 || r.Jitter > One {
		errs = append(errs, fmt.Errorf("jitter %s: write 0 to 1", thousandths(r.Jitter)))
	}
	if len(r.NonRetryable) > MaxNonRetryable {
		errs = append(errs, fmt.Errorf("non_retryable: %d codes, at most %d", len(r.NonRetryable), MaxNonRetryable))
	}
	for i, code := range r.NonRetryable {
		switch {
		case !isName(code):
			errs = append(errs, fmt.Errorf("non_retryable.%d %q: %s", i, code, wantName))
		case slices.Contains(r.NonRetryable[:i], code):
			errs = append(errs, fmt.Errorf("non_retryable.%d %q: leave it out, it is there already", i, code))
		}
	}
	return errors.Join(errs...)
}

func thousandths(n int64) string { return strconv.FormatFloat(float64(n)/One, 'f', -1, 64) }
