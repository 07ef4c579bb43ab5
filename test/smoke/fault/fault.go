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
	// Scale stops all workers but one gracefully, and starts them again after Hold, which is longer than their sessions
	// last: until then the group waits for them.
	Scale
	// Kill ends a worker by SIGKILL and starts it again after Hold.
	Kill
	// Freeze holds a worker by SIGSTOP for Hold, which is longer than its session and its transaction last: when it
	// goes on, it is a zombie. With Replace another process takes its slot meanwhile.
	Freeze
	// Failpoint makes a worker kill itself at Point.
	Failpoint
	// Broker restarts the broker: with Hard after SIGKILL.
	Broker
	// Handler ends a process that calls handlers of tasks by SIGKILL and starts it again after Hold.
	Handler
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
	case Handler:
		return "handler"
	default:
		return ""
	}
}

// Kinds returns every kind.
func Kinds() []Kind { return []Kind{Roll, Scale, Kill, Freeze, Failpoint, Broker, Handler} }

// Fault is one fault of a schedule.
type Fault struct {
	// After is how many events are acknowledged when it strikes.
	After int64
	Kind  Kind
	// Worker is whom it strikes, of Kill, Freeze and Failpoint; of Scale, who stays; of Handler, which of those that
	// call handlers.
	Worker int
	// Hold is how long it lasts, of Scale, Kill, Handler and Freeze. A kill of 0 is followed by a start at once.
	Hold time.Duration
	// Replace is of Freeze.
	Replace bool
	// Hard is of Broker.
	Hard bool
	// Point and Count are of Failpoint: the process dies when it comes to Point for the Count-th time.
	Point string
	Count int
}

// String tells all of f on one line.
func (f Fault) String() string {
	switch f.Kind {
	case Handler:
		return fmt.Sprintf("kill of handler %d for %v, after %d events", f.Worker, f.Hold, f.After)
	case Kill, Freeze, Scale:
		with := ""
		if f.Replace {
			with = " with a replacement"
		}
		return fmt.Sprintf("%v of worker %d for %v%s, after %d events", f.Kind, f.Worker, f.Hold, with, f.After)
	case Failpoint:
		return fmt.Sprintf("%v %s:%d in worker %d, after %d events", f.Kind, f.Point, f.Count, f.Worker, f.After)
	case Broker:
		if f.Hard {
			return fmt.Sprintf("%v by SIGKILL, after %d events", f.Kind, f.After)
		}
		fallthrough
	default:
		return fmt.Sprintf("%v, after %d events", f.Kind, f.After)
	}
}

// Plan says how much is to go wrong.
type Plan struct {
	Seed uint64
	// Events is how many events the run sends, Workers how many processes take them, and Handlers how many call
	// handlers of tasks.
	Events   int64
	Workers  int
	Handlers int
	// Count is how many faults of each kind there are.
	Count map[Kind]int
	// Points are the failpoints that there are; each strikes as often as any other, give or take one.
	Points []string
	// Freeze is the least Hold of a Freeze and of a Scale; it lasts up to half as long again. Defaults to 15s.
	Freeze time.Duration
	// HardBroker makes every other restart of the broker follow a SIGKILL, the first one too.
	HardBroker bool
}

// errPlan is returned for a plan that cannot be.
var errPlan = errors.New("fault: no such plan")

// Schedule returns the faults in the order of After. They are spread over the run, but for its first and last
// twentieth; the faults of one kind are not bunched on purpose, nor kept apart.
func (p Plan) Schedule() ([]Fault, error) {
	if p.Events < 1 || p.Workers < 1 {
		return nil, fmt.Errorf("%w: %d events, %d workers", errPlan, p.Events, p.Workers)
	}
	if p.Count[Failpoint] > 0 && len(p.Points) == 0 {
		return nil, fmt.Errorf("%w: failpoints, but none is named", errPlan)
	}
	if p.Count[Handler] > 0 && p.Handlers < 1 {
		return nil, fmt.Errorf("%w: kills of handlers, but there are none", errPlan)
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
	faults := make([]Fault, len(kinds))
	seen := map[Kind]int{}
	for i, k := range kinds {
		f := Fault{Kind: k, After: int64(from + slot*(float64(i)+r.Float64())), Worker: r.IntN(p.Workers)}
		p.detail(r, &f, seen[k])
		seen[k]++
		faults[i] = f
	}
	return faults, nil
}

// detail fills in the n-th fault of its kind, from 0.
func (p Plan) detail(r *rand.Rand, f *Fault, n int) {
	long := p.Freeze + time.Duration(r.Int64N(int64(p.Freeze)/2)).Round(time.Millisecond)
	switch f.Kind {
	case Handler:
		f.Worker = r.IntN(p.Handlers)
		fallthrough
	case Kill:
		if n%2 == 1 {
			f.Hold = time.Duration(r.IntN(1000)) * time.Millisecond
		}
	case Scale:
		f.Hold = long
	case Freeze:
		f.Hold, f.Replace = long, n%2 == 0
	case Failpoint:
		f.Point, f.Count = p.Points[n%len(p.Points)], 1+r.IntN(20)
	case Broker:
		f.Hard = p.HardBroker && n%2 == 0
	case Roll:
	}
}
