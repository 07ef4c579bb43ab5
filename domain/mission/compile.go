package mission

import (
	"hash/fnv"
	"slices"
	"sync/atomic"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/timezone"
)

// Reason tells why a payment did not count; Counted means that it did.
type Reason string

// The reasons of the contract.
const (
	Counted       Reason = ""
	NotFilter     Reason = "filter"
	NotCurrency   Reason = "currency"
	OutsideWindow Reason = "outside_window"
	NotEnrolled   Reason = "not_enrolled" // opted in to, but not by this user
	NotActive     Reason = "paused"
	NotAudience   Reason = "audience"
	NotSettled    Reason = "not_settled"   // nothing of the payment is settled (any more)
	AfterHorizon  Reason = "after_horizon" // forgotten before the mission was known
)

// Reasons returns every reason why a payment did not count.
func Reasons() []Reason {
	return []Reason{NotFilter, NotCurrency, OutsideWindow, NotEnrolled, NotActive, NotAudience, NotSettled,
		AfterHorizon}
}

// Compiled is a version of a mission ready to judge payments. It is immutable and safe for concurrent use.
type Compiled struct {
	version  Version
	mission  Mission // the version's definition, with the mission's status
	pauses   []Interval
	window   span // of a fixed window, as defined; forever for others
	bounds   span // within which payments count: an operator's end counts
	calendar calendar
	around   [days]atomic.Pointer[span] // recurring windows asked for last, by slot
	today    [days]atomic.Pointer[day]  // days asked for last, by slot
	filters  []predicate
	metric   metric
	value    reader // of a metric with a field
	everyone bool
	optIn    bool
	summary  string
}

// days is how many days next to each other find their windows without a calendar: payments come close to each other,
// and leave the row a day later.
const days = 4

// slot returns the place of the day of t among so many.
func slot(t instant.Milli) int { return int(uint64(t) / (secondsPerDay * 1000) % days) }

// day is a local day and its number.
type day struct {
	span
	number int64
}

// compile turns a version of h into closures.
func compile(h *History, v *Version) (*Compiled, problem.List) {
	m := Normalize(h.Defined(*v))
	if problems := validateStored(&m); len(problems) > 0 {
		return nil, problems
	}
	zone, err := timezone.Load(m.TimeZone)
	if err != nil {
		return nil, problem.One("/time_zone", problem.InvalidField, err.Error())
	}
	c := &Compiled{
		version: *v, mission: m, pauses: h.Pauses, window: forever(), calendar: calendar{zone},
		filters:  compileFilters(m.Filters),
		metric:   metricOf(m.Goal.Metric),
		everyone: m.Audience.RolloutPercent == 100, optIn: m.Enrolment == OptIn, summary: Sentence(&m),
	}
	if c.metric.field {
		c.value = fieldOf(m.Goal.Field).text
	}
	if m.Window.Kind == WindowFixed {
		if c.window.start, c.window.end, err = m.Bounds(); err != nil {
			return nil, problem.One("/window", problem.InvalidField, err.Error())
		}
	}
	c.bounds = c.window
	if h.EndedAt != 0 && h.EndedAt < c.bounds.end {
		c.bounds.end = h.EndedAt
	}
	return c, nil
}

// ID returns the mission's id.
func (c *Compiled) ID() string { return c.mission.ID }

// Number returns the number of the version.
func (c *Compiled) Number() int64 { return c.version.Number }

// Mission returns the definition, with the mission's status; it must not be changed.
func (c *Compiled) Mission() *Mission { return &c.mission }

// Version returns the version; it must not be changed.
func (c *Compiled) Version() *Version { return &c.version }

// Summary returns the mission as a plain sentence, see Sentence.
func (c *Compiled) Summary() string { return c.summary }

// Judge tells whether a settled payment counts, by its own facts alone: window and pauses are judged at its created_at.
// What the user did (enrolment, a window of their own, segments) is not asked.
func (c *Compiled) Judge(f *payment.Facts) Reason {
	switch {
	case f.Currency != c.mission.Currency:
		return NotCurrency
	case !c.bounds.contains(f.CreatedAt):
		return OutsideWindow
	}
	for i := range c.pauses {
		if c.pauses[i].Contains(f.CreatedAt) {
			return NotActive
		}
	}
	for _, holds := range c.filters {
		if !holds(f) {
			return NotFilter
		}
	}
	if c.value != nil {
		if _, ok := c.value(f); !ok {
			return NotFilter
		}
	}
	if !c.includes(f.UserID) {
		return NotAudience
	}
	return Counted
}

// Contribution returns what a payment that counts adds while net minor units of it are left: to the amount, or one
// payment to the count, to its value, or to its day.
func (c *Compiled) Contribution(net int64) int64 {
	if net <= 0 {
		return 0
	}
	if !c.metric.minor {
		return 1
	}
	if limit := c.mission.Goal.PerEventCap; limit > 0 && net > limit {
		return limit
	}
	return net
}

// Completions returns how many times the goal is reached by progress, within the mission's limit.
func (c *Compiled) Completions(progress money.Total) int64 {
	return min(c.limit(), progress.Divide(c.mission.Goal.Target))
}

func (c *Compiled) limit() int64 {
	if n := c.mission.Limits.CompletionsPerUser; n > 0 {
		return n
	}
	return maxCompletions
}

// begins tells whether the window of a user begins with their first payment rather than with their enrolment. Who is
// enrolled by a payment has both at once.
func (c *Compiled) begins() bool {
	return c.optIn && c.mission.Window.Kind == WindowPerUser && c.mission.Window.Start == startFirstPayment
}

// windowAt returns the window in which t lies for a user, false if it has not begun.
func (c *Compiled) windowAt(t instant.Milli, s *State) (span, bool) {
	switch c.mission.Window.Kind {
	case WindowRecurring:
		return c.instance(t), true
	case WindowPerUser:
		begin := instant.Milli(0)
		if s.In() {
			begin = s.EnrolledAt
			if c.begins() {
				begin = s.BeganAt
			}
		}
		return c.windowFrom(begin), begin != 0
	default:
		return c.window, true
	}
}

// windowFrom returns the window that begins at start.
func (c *Compiled) windowFrom(start instant.Milli) span {
	switch c.mission.Window.Kind {
	case WindowRecurring:
		return c.instance(start)
	case WindowPerUser:
		return span{start, start.Add(c.mission.Window.Duration)}
	default:
		return c.window
	}
}

func (c *Compiled) instance(t instant.Milli) span {
	last := &c.around[slot(t)]
	if w := last.Load(); w != nil && w.contains(t) {
		return *w
	}
	w := c.calendar.instance(c.mission.Window.Every, t)
	last.Store(&w)
	return w
}

// dayOf returns the number of the local day of t.
func (c *Compiled) dayOf(t instant.Milli) int64 {
	last := &c.today[slot(t)]
	if d := last.Load(); d != nil && d.contains(t) {
		return d.number
	}
	n := c.calendar.day(t)
	last.Store(&day{span{c.calendar.start(n), c.calendar.start(n + 1)}, n})
	return n
}

// includes tells whether the mission's rollout includes a user. The draw is sticky: raising the percentage only adds
// users.
func (c *Compiled) includes(user string) bool {
	if c.everyone {
		return true
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.mission.ID))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(user)) // hash.Hash never fails
	// FNV alone leaves similar ids close to each other.
	return int64(mix(h.Sum64())%100) < c.mission.Audience.RolloutPercent
}

// invites tells whether the mission's audience includes somebody in these segments: in any of those that it names.
func (c *Compiled) invites(segments []string) bool {
	wanted := c.mission.Audience.Segments
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(s string) bool { return slices.Contains(segments, s) })
}

// mix is the finaliser of splitmix64: every bit of x changes half of the result's.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
