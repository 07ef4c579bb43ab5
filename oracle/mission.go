package oracle

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
)

// Mission is a mission with all that operators did to it. Its JSON is that of its first version.
type Mission struct {
	Definition
	// Later are the versions after the first, in order.
	Later []Version `json:"-"`
	// Pauses hold for every version. They need not be in order.
	Pauses []Span `json:"-"`
	// EndedAt is the event time from which payments do not count any more; 0: not ended.
	EndedAt instant.Milli `json:"-"`
}

// Version is a later version of a mission, in force from an event time until the next one is.
type Version struct {
	Definition
	From instant.Milli
}

// Span is [From, To) in event time; To 0 is without end.
type Span struct{ From, To instant.Milli }

func (s Span) contains(t instant.Milli) bool { return s.From <= t && (s.To == 0 || t < s.To) }

// Definition is the part of a mission's definition (docs/missions.md#fields) that decides on progress. Fields that do
// not matter here are ignored. Amounts in filters are in minor units.
type Definition struct {
	ID       string `json:"id"`
	Currency string `json:"currency"`
	Goal     struct {
		Metric      string `json:"metric"`
		Field       string `json:"field"` // of distinct: a text field
		Target      int64  `json:"target"`
		PerEventCap int64  `json:"per_event_cap"`
	} `json:"goal"`
	Filters []Filter `json:"filters"`
	Window  struct {
		Kind     string `json:"kind"`     // fixed, recurring, per_user
		From     string `json:"from"`     // of fixed: local date, local time to the minute, or RFC 3339
		To       string `json:"to"`       // excluded
		Every    string `json:"every"`    // of recurring: day, week, month
		Duration string `json:"duration"` // of per_user
		Start    string `json:"start"`    // of per_user: enrolment (the default) or first_payment
	} `json:"window"`
	TimeZone string `json:"time_zone"`
	Reward   Prize  `json:"reward"`
	Grant    struct {
		Mode string `json:"mode"` // auto (the default) or claim
		Hold string `json:"hold"` // a duration; missing: none
	} `json:"grant"`
	Enrolment string `json:"enrolment"` // automatic (the default) or opt_in
	Limits    struct {
		CompletionsPerUser *int64 `json:"completions_per_user"` // missing: 1; 0: none
		MaxWinners         int64  `json:"max_winners"`
		Budget             int64  `json:"budget"`
		OverBudget         string `json:"over_budget"` // reject (the default) or truncate
	} `json:"limits"`
	Audience struct {
		RolloutPercent *int64   `json:"rollout_percent"` // missing: 100
		Segments       []string `json:"segments"`
	} `json:"audience"`
	Debt string `json:"debt"` // negative (the default) or floor
}

// Prize is what one completion wins.
type Prize struct {
	Kind         string `json:"kind"`
	Amount       int64  `json:"amount"`
	Pool         string `json:"pool"`
	ExpiresAfter string `json:"expires_after"` // a duration; missing: it does not expire
}

// unlimited is how many completions a mission without limit may have.
const unlimited = 1000

// rule is a mission that payments can be held against.
type rule struct {
	id       string
	pauses   []Span
	ended    instant.Milli
	versions []version // by number, which counts from 1
}

// version is one of a rule's.
type version struct {
	Definition
	number   int64
	from     instant.Milli // of being in force
	zone     *calendar
	metric   *metric
	fixed    Span          // of a fixed window
	duration instant.Milli // of a per_user window
	limit    int64
	rollout  int64
	all      []condition
}

func (m Mission) compile() (*rule, error) {
	r := &rule{id: m.ID, pauses: m.Pauses, ended: m.EndedAt}
	for i, v := range append([]Version{{Definition: m.Definition}}, m.Later...) {
		c, err := v.Definition.compile()
		if err != nil {
			return nil, fmt.Errorf("version %d: %w", i+1, err)
		}
		c.number, c.from = int64(i+1), v.From
		r.versions = append(r.versions, c)
	}
	return r, nil
}

func (d Definition) compile() (v version, err error) {
	v = version{Definition: d, limit: 1, rollout: 100}
	if l := d.Limits.CompletionsPerUser; l != nil {
		v.limit = *l
		if v.limit == 0 {
			v.limit = unlimited
		}
	}
	if p := d.Audience.RolloutPercent; p != nil {
		v.rollout = *p
	}
	if v.metric = metricOf(d.Goal.Metric, d.Goal.Field); v.metric == nil || d.Goal.Target <= 0 {
		return v, fmt.Errorf("metric %q, target %d: not understood", d.Goal.Metric, d.Goal.Target)
	}
	if v.zone, err = newCalendar(d.TimeZone); err != nil {
		return v, err
	}
	if err := v.window(); err != nil {
		return v, err
	}
	for _, f := range d.Filters {
		cond, err := f.compile()
		if err != nil {
			return v, err
		}
		v.all = append(v.all, cond)
	}
	return v, nil
}

// window reads the definition's window.
func (v *version) window() (err error) {
	w := v.Window
	switch {
	case w.Kind == "fixed":
		if v.fixed.From, err = v.zone.moment(w.From); err != nil {
			return err
		}
		v.fixed.To, err = v.zone.moment(w.To)
		return err
	case w.Kind == "recurring" && (w.Every == "day" || w.Every == "week" || w.Every == "month"):
		return nil
	case w.Kind == "per_user" && (w.Start == "" || w.Start == "enrolment" || w.Start == "first_payment"):
		d, err := time.ParseDuration(w.Duration)
		v.duration = instant.Milli(d.Milliseconds())
		return err
	}
	return fmt.Errorf("window %+v: not understood", w)
}

// inForce returns the version in force at an event time: the last that had begun, the first at all times before.
func (r *rule) inForce(t instant.Milli) *version {
	found := &r.versions[0]
	for i := range r.versions[1:] {
		if v := &r.versions[i+1]; v.from <= t {
			found = v
		}
	}
	return found
}

// running tells whether the mission was neither paused nor over.
func (r *rule) running(t instant.Milli) bool {
	for _, p := range r.pauses {
		if p.contains(t) {
			return false
		}
	}
	return r.ended == 0 || t < r.ended
}

func (v *version) completions(progress money.Total) int64 {
	return min(v.limit, progress.Divide(v.Goal.Target))
}
