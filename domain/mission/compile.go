package mission

import (
	"encoding/binary"
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
	start, end instant.Milli // end excluded; an operator's end counts
	windowEnd  instant.Milli // as defined
	filters    []predicate
	everyone   bool
	summary    string
	identity   uint64 // of what decides whether payments count, see Snapshot.Fingerprint
}

// Compile turns a version into closures. It returns the problems of a mission that is not valid.
func Compile(v *Version) (*Compiled, problem.List) {
	version := *v
	version.Mission = Normalize(version.Mission)
	if problems := Validate(&version.Mission); len(problems) > 0 {
		return nil, problems
	}
	m := &version.Mission
	start, end, err := m.Bounds()
	if err != nil {
		return nil, problem.List{{Pointer: "/window", Code: problem.InvalidField, Detail: err.Error()}}
	}
	c := &Compiled{
		version: version, start: start, end: end, windowEnd: end, filters: compileFilters(m.Filters),
		everyone: m.Audience.RolloutPercent == 100, summary: Sentence(m),
	}
	if version.EndedAt != 0 && version.EndedAt < end {
		c.end = version.EndedAt
	}
	c.identity = c.hash()
	return c, nil
}

// ID returns the mission's id.
func (c *Compiled) ID() string { return c.version.Mission.ID }

// Number returns the number of the version.
func (c *Compiled) Number() int64 { return c.version.Number }

// Mission returns the definition; it must not be changed.
func (c *Compiled) Mission() *Mission { return &c.version.Mission }

// Version returns the version; it must not be changed.
func (c *Compiled) Version() *Version { return &c.version }

// Window returns the window as defined, end excluded.
func (c *Compiled) Window() (start, end instant.Milli) { return c.start, c.windowEnd }

// Summary returns the mission as a plain sentence, see Sentence.
func (c *Compiled) Summary() string { return c.summary }

// Judge tells whether a settled payment counts, by its own facts alone: window and pauses are judged at its created_at.
func (c *Compiled) Judge(f *payment.Facts) Reason {
	switch {
	case f.Currency != c.version.Mission.Currency:
		return NotCurrency
	case f.CreatedAt < c.start || f.CreatedAt >= c.end:
		return OutsideWindow
	}
	for i := range c.version.Pauses {
		if c.version.Pauses[i].Contains(f.CreatedAt) {
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
	if c.version.Mission.Goal.Metric == MetricCount {
		net = 1
	}
	if limit := c.version.Mission.Goal.PerEventCap; limit > 0 && net > limit {
		return limit
	}
	return net
}

// Completions returns how many times the goal is reached by progress, within the mission's limit.
func (c *Compiled) Completions(progress Total) int64 {
	return min(c.limit(), progress.Divide(c.version.Mission.Goal.Target))
}

func (c *Compiled) limit() int64 {
	if n := c.version.Mission.Limits.CompletionsPerUser; n > 0 {
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
	_, _ = h.Write([]byte(c.version.Mission.ID))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(user)) // hash.Hash never fails
	// FNV alone leaves similar ids close to each other.
	return int64(mix(h.Sum64())%100) < c.version.Mission.Audience.RolloutPercent
}

// mix is the finaliser of splitmix64: every bit of x changes half of the result's.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash covers what may change after a version's creation and decides whether payments count. Never 0.
func (c *Compiled) hash() uint64 {
	b := append([]byte(c.ID()), 0)
	b = binary.AppendVarint(b, c.version.Number)
	b = binary.AppendVarint(b, int64(c.version.CreatedAt))
	b = binary.AppendVarint(b, int64(c.version.EndedAt))
	for _, p := range c.version.Pauses {
		b = binary.AppendVarint(b, int64(p.From))
		b = binary.AppendVarint(b, int64(p.To))
	}
	h := fnv.New64a()
	_, _ = h.Write(b)
	return max(mix(h.Sum64()), 1)
}
