// Package simulation computes what a mission would have cost. It takes past postings through the decisions of missions
// and budgets, as if the mission had been active from its start for every user of its audience. It writes nothing.
//
// Users of one partition are forgotten before the next partition is read, which bounds memory: all postings of a user
// are in one partition. If a budget is not enough for all, this order decides who gets it, but not how much is given.
package simulation

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// ErrUsers says that more users than asked for have payments in one partition.
var ErrUsers = errors.New("simulation: too many users in one partition: take a shorter time")

// Config says which payments count, and how much is remembered.
type Config struct {
	// Missions are the settings of the progress group.
	Missions mission.Config
	// From and To bound the payments by created_at, To excluded; 0: no bound.
	From, To instant.Milli
	// MaxUsers is the most users of one partition. Defaults to 200,000.
	MaxUsers int
}

// Result is what came of it. Amounts are minor units, or coins.
type Result struct {
	Users int `json:"users"` // with a payment that counts
	// less those that were lost again, and those beyond budget and winners
	Completions int64 `json:"completions"`
	Cost        int64 `json:"cost"` // what they win
	// local days of the mission, those without completions left out
	ByDay      []Day   `json:"by_day" nullable:"false"`
	NotCounted []Count `json:"not_counted" nullable:"false"` // payments by why they did not count, most first
}

// Day is one day of a Result. A completion that is lost on a later day is taken from that day.
type Day struct {
	Day         string `json:"day"`
	Completions int64  `json:"completions"`
	Cost        int64  `json:"cost"`
}

// Count is how many payments did not count for a reason.
type Count struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Simulation takes postings in. It is not safe for concurrent use.
type Simulation struct {
	config   Config
	id       string
	location *time.Location
	missions *mission.Snapshot
	budget   *budget.Row
	rows     map[string]*mission.UserRow
	counted  map[string]bool
	given    map[won]int64 // of the users at hand
	users    int
	result   Result
	days     map[string]*Day
	reasons  map[mission.Reason]int64
}

// won names an iteration of a user.
type won struct {
	user             string
	start            instant.Milli
	version, ordinal int64
}

// New returns a simulation of a mission, whatever its status; or what is wrong with its definition. A mission to be
// opted in to is taken as if everybody had.
func New(m mission.Mission, cfg Config) (*Simulation, problem.List) {
	if cfg.MaxUsers == 0 {
		cfg.MaxUsers = 200_000
	}
	m.Status, m.Enrolment = mission.Active, mission.AutomaticEnrolment
	history := mission.NewHistory(m, 1)
	index := mission.NewIndex()
	if problems := index.Put(m.ID, &history); len(problems) > 0 {
		return nil, problems
	}
	location, err := time.LoadLocation(m.TimeZone)
	if err != nil {
		return nil, problem.List{{Pointer: "/time_zone", Code: "unknown_value", Detail: "not a time zone"}}
	}
	s := &Simulation{config: cfg, id: m.ID, location: location, missions: index.Snapshot(), days: map[string]*Day{},
		reasons: map[mission.Reason]int64{}}
	s.Forget()
	return s, nil
}

// Forget tells that all postings of the users so far were taken.
func (s *Simulation) Forget() {
	s.users += len(s.counted)
	s.rows, s.counted, s.given = map[string]*mission.UserRow{}, map[string]bool{}, map[won]int64{}
}

// Apply applies the next posting of a partition.
func (s *Simulation) Apply(p *ledger.Posting) error {
	if p.CreatedAt < s.config.From || s.config.To > 0 && p.CreatedAt >= s.config.To {
		return nil
	}
	row, known := s.rows[p.UserID]
	if !known && len(s.rows) >= s.config.MaxUsers {
		return ErrUsers
	}
	next, effects := mission.Apply(row, p, s.missions, s.config.Missions)
	s.rows[p.UserID] = next
	for _, e := range effects {
		if o, ok := e.(*mission.Outcome); ok {
			s.outcome(o)
		}
	}
	if plan, ok := s.missions.Find(s.id); ok && p.Kind == ledger.PaymentSettled {
		facts := p.Facts
		if _, reason := plan.Judge(next, &facts, p.NetAfter); reason == mission.Counted {
			s.counted[p.UserID] = true
		} else {
			s.reasons[reason]++
		}
	}
	return nil
}

// outcome asks the budget for a completion, or gives one back.
func (s *Simulation) outcome(o *mission.Outcome) {
	id := won{o.UserID, o.WindowStart, o.Version, o.Iteration}
	unit := mission.UnitOf(o.Reward.Kind, o.Currency)
	if o.Kind == mission.Revoked {
		if amount, ok := s.given[id]; ok {
			delete(s.given, id)
			s.budget, _ = budget.Resolve(s.budget, &budget.Return{Movement: budget.Returned, Mission: o.Mission,
				Unit: unit, Amount: amount, At: o.At})
			s.count(o.At, -1, -amount)
		}
		return
	}
	before := s.reserved(unit)
	var winners int64
	if s.budget != nil {
		winners = s.budget.Mission.Winners
	}
	s.budget, _ = budget.Judge(s.budget, o)
	if s.budget.Mission.Winners > winners {
		s.given[id] = s.reserved(unit) - before
		s.count(o.At, 1, s.given[id])
	}
}

func (s *Simulation) reserved(unit string) int64 {
	if s.budget == nil {
		return 0
	}
	return s.budget.Mission.Account(unit).Reserved
}

func (s *Simulation) count(at instant.Milli, completions, cost int64) {
	name := at.Time().In(s.location).Format(time.DateOnly)
	d := s.days[name]
	if d == nil {
		d = &Day{Day: name}
		s.days[name] = d
	}
	d.Completions += completions
	d.Cost += cost
	s.result.Completions += completions
	s.result.Cost += cost
}

// Result returns what came of all postings so far.
func (s *Simulation) Result() Result {
	r := s.result
	r.Users = s.users + len(s.counted)
	r.ByDay, r.NotCounted = []Day{}, []Count{}
	for _, d := range s.days {
		r.ByDay = append(r.ByDay, *d)
	}
	slices.SortFunc(r.ByDay, func(a, b Day) int { return cmp.Compare(a.Day, b.Day) })
	for reason, n := range s.reasons {
		r.NotCounted = append(r.NotCounted, Count{string(reason), n})
	}
	slices.SortFunc(r.NotCounted, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return r
}
