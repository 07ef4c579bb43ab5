package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/problem"
)

// Mode says how a worker calls the handler of a kind.
type Mode string

// The modes.
const (
	Micro Mode = "micro" // one task a call, as soon as it is due
	Batch Mode = "batch" // many tasks a call, at most one of each key
)

// Modes returns every mode.
func Modes() []Mode { return []Mode{Micro, Batch} }

// Persist says what is kept of a task.
type Persist string

// What is kept.
const (
	Always    Persist = "always"     // its runs are kept for Kind.History after it has ended
	UntilDone Persist = "until_done" // nothing once it has ended
	// nothing once it was handed out: nobody waits for its answer, it is not tried again
	Never Persist = "never"
)

// Persists returns every Persist.
func Persists() []Persist { return []Persist{Always, UntilDone, Never} }

// Exhaustion says what becomes of a key whose first task is exhausted.
type Exhaustion string

// What becomes of it.
const (
	GoOn Exhaustion = "go_on" // the tasks behind it run
	Hold Exhaustion = "hold"  // they wait until its dead letter is replayed or discarded
)

// Exhaustions returns every Exhaustion.
func Exhaustions() []Exhaustion { return []Exhaustion{GoOn, Hold} }

// Bounds of a kind.
const (
	MinTimeout   = 10 * time.Millisecond
	MaxTimeout   = 24 * time.Hour
	MaxDeadline  = 366 * 24 * time.Hour
	MaxDedupe    = 90 * 24 * time.Hour
	MaxHistory   = 366 * 24 * time.Hour
	MaxBatch     = 10_000
	MaxBatchAge  = time.Hour
	MinBatchSize = 1 << 10  // bytes
	MaxBatchSize = 16 << 20 // bytes
	MaxSchedules = 64
)

// DefaultHistory is Kind.History with Persist always.
const DefaultHistory = 7 * 24 * time.Hour

// Gather bounds how many tasks of a batch kind come together in one call. A batch is complete when one of the bounds
// is reached.
type Gather struct {
	// MaxSize is the most tasks, 1 to 10,000. Defaults to 100.
	MaxSize int64
	// MaxBytes is the most payload, 1 KiB to 16 MiB. Defaults to 1 MiB.
	MaxBytes int64
	// MaxAge is how long the first task waits for others, 1 ms to 1 h. Defaults to 1 s.
	MaxAge time.Duration
}

// Kind is the policy for all tasks of one name, as a deployment declares it.
type Kind struct {
	// Name has lower case letters, digits and _, a letter first, at most 64.
	Name string
	// Mode defaults to micro.
	Mode  Mode
	Retry Retry
	// Persist defaults to until_done.
	Persist Persist
	// History is how long the runs of a task are kept with Persist always, 1 min to 366 d. Defaults to 7 d there.
	History time.Duration
	// Dedupe is how long a dedupe key is remembered, up to 90 d; 0 drops only what repeats a task that still waits.
	// Defaults to 24 h. One ordering key remembers at most MaxSeen dedupe keys, the latest.
	Dedupe time.Duration
	// Timeout is how long one attempt may take without a heartbeat, 10 ms to 24 h. Defaults to 30 s.
	Timeout time.Duration
	// Deadline is how long a task may take from its due time on, over all attempts, Timeout to 366 d; 0 is no bound,
	// the default.
	Deadline time.Duration
	// OnExhausted defaults to go_on.
	OnExhausted Exhaustion
	// Limit defaults to none.
	Limit Limit
	// Gather is for batch kinds alone.
	Gather Gather
	// Schedules make tasks of the kind by themselves. Defaults to none.
	Schedules []Plan
}

// DefaultKind returns a kind with every default.
func DefaultKind(name string) Kind {
	return Kind{
		Name: name, Mode: Micro, Retry: DefaultRetry(), Persist: UntilDone, Dedupe: 24 * time.Hour,
		Timeout: 30 * time.Second, OnExhausted: GoOn,
	}
}

// DefaultBatch returns a batch kind with every default.
func DefaultBatch(name string) Kind {
	k := DefaultKind(name)
	k.Mode, k.Gather = Batch, Gather{MaxSize: 100, MaxBytes: 1 << 20, MaxAge: time.Second}
	return k
}

// patience is how long a run may stay unanswered: a batch takes its time to gather.
func (k Kind) patience() time.Duration { return k.Timeout + k.Gather.MaxAge }

// Validate returns every problem, joined. Each says what to write.
func (k Kind) Validate() error {
	var errs []error
	add := func(prefix string, err error) {
		if err != nil {
			errs = append(errs, prefixed(prefix, err))
		}
	}
	if !isName(k.Name) {
		errs = append(errs, fmt.Errorf("name %q: %s", k.Name, wantName))
	}
	add("", oneOf("mode", k.Mode, Modes()))
	add("", oneOf("persist", k.Persist, Persists()))
	add("", oneOf("on_exhausted", k.OnExhausted, Exhaustions()))
	add("retry.", k.Retry.validate())
	add("rate_limit.", k.Limit.validate())
	add("batch.", k.validateGather())
	add("", k.validateTimes())
	add("", k.validatePersist())
	add("", k.validatePlans())
	return errors.Join(errs...)
}

func (k Kind) validateTimes() error {
	var errs []error
	if k.Timeout < MinTimeout || k.Timeout > MaxTimeout {
		errs = append(errs, fmt.Errorf("timeout %s: write %s to %s", k.Timeout, MinTimeout, MaxTimeout))
	}
	if k.Deadline != 0 && (k.Deadline < k.Timeout || k.Deadline > MaxDeadline) {
		errs = append(errs, fmt.Errorf("deadline %s: write 0 for none, or timeout (%s) to %s", k.Deadline, k.Timeout,
			MaxDeadline))
	}
	if k.Dedupe < 0 || k.Dedupe > MaxDedupe {
		errs = append(errs, fmt.Errorf("dedupe %s: write 0s to %s", k.Dedupe, MaxDedupe))
	}
	return errors.Join(errs...)
}

func (k Kind) validatePersist() error {
	var errs []error
	switch {
	case k.Persist == Always && (k.History < time.Minute || k.History > MaxHistory):
		errs = append(errs, fmt.Errorf("history %s: write 1m to %s, or persist: until_done", k.History, MaxHistory))
	case k.Persist != Always && k.History != 0:
		errs = append(errs, fmt.Errorf("history %s: write persist: always with it, or leave it out", k.History))
	}
	if k.Persist == Never && k.Retry.MaxAttempts != 1 {
		errs = append(errs, fmt.Errorf("retry.max_attempts %d: write 1, since persist: never keeps nothing to try again", k.Retry.MaxAttempts))
	}
	if k.Persist == Never && k.OnExhausted == Hold {
		errs = append(errs, errors.New("on_exhausted hold: write go_on, since persist: never waits for no answer"))
	}
	return errors.Join(errs...)
}

func (k Kind) validateGather() error {
	if k.Mode != Batch {
		if k.Gather != (Gather{}) {
			return errors.New("max_size, max_bytes and max_age: write mode: batch with them, or leave them out")
		}
		return nil
	}
	var errs []error
	if n := k.Gather.MaxSize; n < 1 || n > MaxBatch {
		errs = append(errs, fmt.Errorf("max_size %d: write 1 to %d", n, int64(MaxBatch)))
	}
	if n := k.Gather.MaxBytes; n < MinBatchSize || n > MaxBatchSize {
		errs = append(errs, fmt.Errorf("max_bytes %d: write %d to %d", n, int64(MinBatchSize), int64(MaxBatchSize)))
	}
	if d := k.Gather.MaxAge; d < time.Millisecond || d > MaxBatchAge {
		errs = append(errs, fmt.Errorf("max_age %s: write 1ms to %s", d, MaxBatchAge))
	}
	return errors.Join(errs...)
}

func (k Kind) validatePlans() error {
	var errs []error
	if len(k.Schedules) > MaxSchedules {
		errs = append(errs, fmt.Errorf("schedules: %d, at most %d", len(k.Schedules), MaxSchedules))
	}
	for i, p := range k.Schedules {
		if err := p.validate(); err != nil {
			errs = append(errs, prefixed(fmt.Sprintf("schedules.%d.", i), err))
		}
		if slices.ContainsFunc(k.Schedules[:i], func(q Plan) bool { return q.Name == p.Name }) {
			errs = append(errs, fmt.Errorf("schedules.%d.name %q: write another name, this one is taken", i, p.Name))
		}
	}
	return errors.Join(errs...)
}

// oneOf refuses a word that is not among those known.
func oneOf[Word ~string](field string, word Word, known []Word) error {
	if slices.Contains(known, word) {
		return nil
	}
	return fmt.Errorf("%s %q: write %s", field, word, problem.AnyOf(known))
}

// prefixed puts the path of a part before each of its joined errors.
func prefixed(prefix string, err error) error {
	if prefix == "" {
		return err
	}
	var errs []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		errs = append(errs, errors.New(prefix+line))
	}
	return errors.Join(errs...)
}
