// Package fault plans what goes wrong in a crash run. A schedule is a function of its Plan alone, so that a run can be
// repeated: each fault strikes once a given number of events is acknowledged, whatever the machine's speed.
package fault

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Kind tells what a fault does.
type Kind uint8

// The kinds.
const (
	// Roll restarts every worker in turn, gracefully.
	Roll Kind = iota + 1
	// Scale stops all workers but one gracefully, and starts them again after Hold.
	Scale
	// Kill ends a worker by SIGKILL and starts it again after Hold.
	Kill
	// Freeze holds a worker by SIGSTOP for Hold, which is longer than its session and its transaction last: when it goes on,
	// it is a zombie.
	Freeze
	// Failpoint makes a worker kill itself at Point.
	Failpoint
	// Broker restarts the broker.
	Broker
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Roll:
		return "roll"
	case Scale:
		return "scale"
	case Kill:
		return "kill"
	case Freeze:
		return "freeze"
	case Failpoint:
		return "failpoint"
	case Broker:
		return "broker"
	default:
		return ""
	}
}

// Kinds returns every kind.
func Kinds() []Kind { return []Kind{Roll, Scale, Kill, Freeze, Failpoint, Broker} }

// Points returns the places in a transaction at which an engine kills itself when asked to.
func Points() []string {
	return []string{
		"after-poll", "after-state-write", "after-emit", "before-commit", "between-offsets-and-commit", "after-commit-before-local-flush",
	}
}

// Fault is one fault of a schedule.
type Fault struct {
	// After is how many events are acknowledged when it strikes.
	After int64
	Kind  Kind
	// Worker is whom it strikes, of Kill, Freeze and Failpoint; of Scale, who stays.
	Worker int
	// Hold is how long it lasts, of Scale, Kill and Freeze.
	Hold time.Duration
	// Point and Count are of Failpoint: the process dies when it comes to Point for the Count-th time.
	Point string
	Count int
}

// String tells all of f on one line.
func (f Fault) String() string {
	switch f.Kind {
	case Kill, Freeze, Scale:
		return fmt.Sprintf("%v of worker %d for %v, after %d events", f.Kind, f.Worker, f.Hold, f.After)
	case Failpoint:
		return fmt.Sprintf("%v %s:%d in worker %d, after %d events", f.Kind, f.Point, f.Count, f.Worker, f.After)
	default:
		return fmt.Sprintf("%v, after %d events", f.Kind, f.After)
	}
}

// Plan says how much is to go wrong.
type Plan struct {
	Seed uint64
	// Events is how many events the run sends, Workers how many processes take them.
	Events  int64
	Workers int
	// Count is how many faults of each kind there are.
	Count map[Kind]int
	// Freeze is the least Hold of a Freeze; it lasts up to half as long again. Defaults to 15s.
	Freeze time.Duration
}

// ErrPlan is returned for a plan that cannot be.
var ErrPlan = errors.New("fault: no such plan")

// Schedule returns the faults in the order of After. They are spread over the run, but for its first and last
// twentieth; the faults of one kind are not bunched on purpose, nor kept apart.
func (p Plan) Schedule() ([]Fault, error) {
	if p.Events < 1 || p.Workers < 1 {
		return nil, fmt.Errorf("%w: %d events, %d workers", ErrPlan, p.Events, p.Workers)
	}
	if p.Freeze == 0 {
		p.Freeze = 15 * time.Second
	}
	r := rand.New(rand.NewPCG(p.Seed, 0x6661756c7473)) // its own stream: traffic has the same seed
	var kinds []Kind
	for _, k := range Kinds() {
		for range p.Count[k] {
			kinds = append(kinds, k)
		}
	}
	r.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	from := float64(p.Events) / 20
	slot := (float64(p.Events) - 2*from) / float64(max(len(kinds), 1))
	points := Points()
	faults := make([]Fault, len(kinds))
	for i, k := range kinds {
		f := Fault{Kind: k, After: int64(from + slot*(float64(i)+r.Float64())), Worker: r.IntN(p.Workers)}
		switch k {
		case Kill:
			f.Hold = time.Duration(r.IntN(1000)) * time.Millisecond
		case Scale:
			f.Hold = time.Duration(1000+r.IntN(2000)) * time.Millisecond
		case Freeze:
			f.Hold = p.Freeze + time.Duration(r.Int64N(int64(p.Freeze)/2)).Round(time.Millisecond)
		case Failpoint:
			f.Point, f.Count = points[r.IntN(len(points))], 1+r.IntN(20)
		case Roll, Broker:
		}
		faults[i] = f
	}
	return faults, nil
}
