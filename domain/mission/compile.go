package mission

import (
	"hash/fnv"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
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

// Compiled is a version of a mission ready to judge payments. It is immutable and safe for concurrent use.
type Compiled struct {
	version    Version
	mission    Mission // the version's definition, with the mission's status
	pauses     []Interval
	start, end instant.Milli // end excluded; an operator's end counts
	windowEnd  instant.Milli // as defined
	filters    []predicate
	everyone   bool
	summary    string
}

// compile turns a version of h into closures.
func compile(h *History, v *Version) (*Compiled, problem.List) {
	m := Normalize(h.defined(*v))
	if problems := Validate(&m); len(problems) > 0 {
		return nil, problems
	}
	start, end, err := m.Bounds()
	if err != nil {
		return nil, problem.One("/window", problem.InvalidField, err.Error())
	}
	c := &Compiled{
		version: *v, mission: m, pauses: h.Pauses, start: start, end: end, windowEnd: end, filters: compileFilters(m.Filters),
		everyone: m.Audience.RolloutPercent == 100, summary: Sentence(&m),
	}
	if h.EndedAt != 0 && h.EndedAt < end {
		c.end = h.EndedAt
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

// Window returns the window as defined, end excluded.
func (c *Compiled) Window() (start, end instant.Milli) { return c.start, c.windowEnd }

// Summary returns the mission as a plain sentence, see Sentence.
func (c *Compiled) Summary() string { return c.summary }

// Judge tells whether a settled payment counts, by its own facts alone: window and pauses are judged at its created_at.
func (c *Compiled) Judge(f *payment.Facts) Reason {
	switch {
	case f.Currency != c.mission.Currency:
		return NotCurrency
	case f.CreatedAt < c.start || f.CreatedAt >= c.end:
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
	if !c.Includes(f.UserID) {
		return NotAudience
	}
	return Counted
}

// Contribution returns what a payment that counts adds to progress while net minor units of it are left.
func (c *Compiled) Contribution(net int64) int64 {
	if net <= 0 {
		return 0
	}
	if c.mission.Goal.Metric == MetricCount {
		net = 1
	}
	if limit := c.mission.Goal.PerEventCap; limit > 0 && net > limit {
		return limit
	}
	return net
}

// Completions returns how many times the goal is reached by progress, within the mission's limit.
func (c *Compiled) Completions(progress Total) int64 {
	return min(c.limit(), progress.Divide(c.mission.Goal.Target))
}

func (c *Compiled) limit() int64 {
	if n := c.mission.Limits.CompletionsPerUser; n > 0 {
		return n
	}
	return MaxCompletions
}

// Includes tells whether the mission's audience includes a user. The draw is sticky: raising the percentage only adds users.
func (c *Compiled) Includes(user string) bool {
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

// mix is the finaliser of splitmix64: every bit of x changes half of the result's.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
