package mission

import (
	"slices"
	"strconv"
	"time"

	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/timezone"
	"github.com/millrace/millrace/domain/visible"
)

// The bounds of texts and lists, in bytes and entries.
const (
	maxID          = 100
	maxTitle       = 200
	maxDescription = 2000
)

// MaxDuration bounds a per_user window, and how long a reward is held back or waits for its user.
const MaxDuration = 5 * 366 * 24 * time.Hour

// Validate returns everything that is wrong with a normalised m that somebody writes, nil if nothing is.
func Validate(m *Mission) problem.List { return validate(&validator{m: m, written: true}) }

// validateStored returns why a mission that was accepted once cannot be compiled.
func validateStored(m *Mission) problem.List { return validate(&validator{m: m}) }

func validate(v *validator) problem.List {
	v.texts()
	v.goal()
	v.window()
	v.reward()
	v.options()
	v.filters()
	if v.written && len(v.problems) == 0 {
		v.reach()
	}
	return v.problems
}

type validator struct {
	m *Mission
	// written tells that somebody writes the mission now. What was accepted once stays, also where clocks have been
	// moved or rules added since.
	written  bool
	problems problem.List
}

func (v *validator) add(pointer, code, detail string) {
	v.problems = append(v.problems, problem.Problem{Pointer: pointer, Code: code, Detail: detail})
}

// check adds an invalid_field problem unless ok.
func (v *validator) check(ok bool, pointer, detail string) {
	if !ok {
		v.add(pointer, problem.InvalidField, detail)
	}
}

// money checks an amount that may be 0.
func (v *validator) money(pointer string, n int64) {
	v.check(n >= 0, pointer, "must not be negative")
	v.check(n <= money.Max, pointer, money.MaxDetail)
}

// positive checks an amount that may not.
func (v *validator) positive(pointer string, n int64) {
	v.check(n > 0, pointer, "must be a whole number above 0")
	v.check(n <= money.Max, pointer, money.MaxDetail)
}

// oneOf says what a word can be.
func oneOf[Word ~string](words []Word) string { return "must be " + problem.AnyOf(words) }

// oneOf checks an enumeration.
func (v *validator) oneOf(pointer, value string, words ...string) {
	if slices.Contains(words, value) {
		return
	}
	detail := oneOf(words)
	if value == "" {
		detail = "is required: " + detail
	}
	detail += problem.Hint(value, words)
	v.add(pointer, problem.InvalidField, detail)
}

func (v *validator) texts() {
	m := v.m
	switch {
	case m.ID == "":
		v.add("/id", problem.InvalidField, "is required")
	case !isID(m.ID):
		v.add("/id", problem.InvalidField, "must be letters, digits, '-', '_' and '.', beginning with a letter or digit, at most "+strconv.Itoa(maxID))
	}
	v.check(len(m.Title) <= maxTitle, "/title", "is longer than "+strconv.Itoa(maxTitle)+" bytes")
	v.check(len(m.Description) <= maxDescription, "/description", "is longer than "+strconv.Itoa(maxDescription)+
		" bytes")
	if v.written {
		v.check(!visible.HasControls(m.Title), "/title", visible.ControlsDetail)
		v.check(!visible.HasControls(m.Description), "/description", visible.ControlsDetail)
	}
	v.check(m.BrandID == "" || isID(m.BrandID), "/brand_id", "is not an id")
	if detail := payment.CheckCurrency(m.Currency); detail != "" {
		v.add("/currency", problem.InvalidField, detail)
	}
	if !m.Status.Known() {
		v.add("/status", problem.InvalidField, oneOf(Statuses())+statusHint(m.Status))
	}
}

func isID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || c != '-' && c != '_' && c != '.') {
			return false
		}
	}
	return true
}

func (v *validator) goal() {
	g := v.m.Goal
	metric := metricOf(g.Metric)
	v.oneOf("/goal/metric", g.Metric, Metrics()...)
	v.positive("/goal/target", g.Target)
	v.money("/goal/per_event_cap", g.PerEventCap)
	v.check(g.PerEventCap <= 0 || metric.minor, "/goal/per_event_cap", "belongs to the metric amount only")
	switch {
	case !metric.field:
		v.check(g.Field == "", "/goal/field", "belongs to the metric distinct only")
	case g.Field == "":
		v.add("/goal/field", problem.InvalidField, "is required for the metric distinct")
	case !fieldOf(g.Field).distinct:
		v.add("/goal/field", problem.InvalidField, oneOf(append(fieldIDs(func(f field) bool {
			return f.distinct
		}), attributePrefix+"<name>")))
	}
	if v.written && metric.most != nil && g.Target <= money.Max {
		most := metric.most(v.m)
		v.check(g.Target <= most, "/goal/target", "cannot be reached: a window has at most "+
			strconv.FormatInt(most, 10))
	}
}

func (v *validator) window() {
	m := v.m
	w := m.Window
	zone, zoneErr := timezone.Load(m.TimeZone)
	if zoneErr != nil { // the hint compares all 600 zones, which costs more than the rest of validation
		v.add("/time_zone", problem.InvalidField, "must be an IANA time zone such as Asia/Kolkata"+timezone.Hint(m.TimeZone))
	}
	v.oneOf("/window/kind", w.Kind, WindowKinds()...)
	if !slices.Contains(WindowKinds(), w.Kind) {
		return
	}
	v.check(w.Kind == WindowFixed || w.From == "", "/window/from", "belongs to fixed windows only")
	v.check(w.Kind == WindowFixed || w.To == "", "/window/to", "belongs to fixed windows only")
	v.check(w.Kind == WindowRecurring || w.Every == "", "/window/every", "belongs to recurring windows only")
	v.check(w.Kind == WindowPerUser || w.Duration == 0, "/window/duration", "belongs to per_user windows only")
	v.check(w.Kind == WindowPerUser || w.Start == "", "/window/start", "belongs to per_user windows only")
	switch w.Kind {
	case WindowRecurring:
		v.oneOf("/window/every", w.Every, Recurrences()...)
	case WindowPerUser:
		v.oneOf("/window/start", w.Start, WindowStarts()...)
		v.check(w.Duration >= time.Second && w.Duration <= MaxDuration, "/window/duration", "must be 1s to "+
			MaxDuration.String())
		v.check(w.Duration%time.Millisecond == 0, "/window/duration", "must be whole milliseconds")
	case WindowFixed:
		if zoneErr == nil {
			v.fixed(w, zone)
		}
	}
}

func (v *validator) fixed(w Window, zone *time.Location) {
	from, fromErr := parseMoment(w.From, zone)
	to, toErr := parseMoment(w.To, zone)
	for _, end := range []struct {
		pointer, text string
		moment        moment
		err           error
	}{{"/window/from", w.From, from, fromErr}, {"/window/to", w.To, to, toErr}} {
		switch {
		case end.text == "":
			v.add(end.pointer, problem.InvalidField, "is required for a fixed window")
		case end.err != nil:
			v.add(end.pointer, problem.InvalidField, "is "+end.err.Error())
		case v.written:
			if err := end.moment.singleTime(); err != nil {
				v.add(end.pointer, problem.InvalidField, "is "+err.Error())
			}
		}
	}
	if fromErr == nil && toErr == nil {
		v.check(from.at.Before(to.at), "/window/to", "must lie after from")
	}
}

func (v *validator) reward() {
	r := v.m.Reward
	v.oneOf("/reward/kind", r.Kind, RewardKinds()...)
	if RewardKindOf(r.Kind).Valued {
		v.positive("/reward/amount", r.Amount)
	} else {
		v.money("/reward/amount", r.Amount)
	}
	v.check(r.Template == "" || isID(r.Template), "/reward/template", "is not an id")
	v.check(r.Pool == "" || isID(r.Pool), "/reward/pool", "is not an id")
	v.wait("/reward/expires_after", r.ExpiresAfter)
	v.oneOf("/grant/mode", v.m.Grant.Mode, GrantModes()...)
	v.wait("/grant/hold", v.m.Grant.Hold)
	if v.written && slices.Contains(RewardKinds(), r.Kind) {
		v.unread(RewardKindOf(r.Kind))
	}
}

// wait checks how long a reward is held back, or waits for its user.
func (v *validator) wait(pointer string, d time.Duration) {
	if detail := CheckWait(d); detail != "" && (v.written || d < 0) {
		v.add(pointer, problem.InvalidField, detail)
	}
}

// CheckWait returns what is wrong with how long a reward is held back, or waits for its user; empty if nothing is.
func CheckWait(d time.Duration) string {
	switch {
	case d < 0:
		return "must not be negative"
	case d > MaxDuration:
		return "must be at most " + MaxDuration.String()
	default:
		return ""
	}
}

// unread refuses what a reward of this kind does not read: whoever wrote it believes that it does something.
func (v *validator) unread(kind RewardKind) {
	const only = "belongs to rewards of these kinds only: "
	m := v.m
	v.check(kind.Coded || m.Reward.Pool == "", "/reward/pool", only+kindsWith(func(k RewardKind) bool {
		return k.Coded
	})+". Leave it out")
	v.check(kind.InCoins || m.Debt != DebtFloor, "/debt", only+kindsWith(func(k RewardKind) bool {
		return k.InCoins
	})+". Leave it out")
	v.check(kind.Divisible || m.Limits.OverBudget != OverBudgetTruncate, "/limits/over_budget",
		"truncate "+only+kindsWith(func(k RewardKind) bool { return k.Divisible })+". Write reject")
	v.check(kind.Delivery == ByScratch || m.Grant.Mode == GrantClaim || m.Reward.ExpiresAfter == 0,
		"/reward/expires_after",
		"belongs to what waits for its user: write grant: {mode: claim}, or leave it out")
}

func (v *validator) options() {
	m := v.m
	v.oneOf("/enrolment", m.Enrolment, Enrolments()...)
	v.check(m.Limits.CompletionsPerUser >= 0 && m.Limits.CompletionsPerUser <= maxCompletions,
		"/limits/completions_per_user",
		"must be 0 to "+strconv.Itoa(maxCompletions))
	v.money("/limits/max_winners", m.Limits.MaxWinners)
	v.money("/limits/budget", m.Limits.Budget)
	if n, amount := m.Limits.MaxWinners, m.Reward.Amount; money.Fits(n) && money.Fits(amount) && amount > 0 &&
		n > money.MaxTotal/amount {
		v.add("/limits/max_winners", problem.InvalidField, "with this reward must be at most "+
			strconv.FormatInt(money.MaxTotal/amount, 10)+
			": a mission gives at most 2^62 in all")
	}
	v.oneOf("/limits/over_budget", m.Limits.OverBudget, OverBudgets()...)
	v.check(m.Audience.RolloutPercent >= 0 && m.Audience.RolloutPercent <= 100, "/audience/rollout_percent",
		"must be 0 to 100")
	v.check(len(m.Audience.Segments) <= maxSegments, "/audience/segments", "are more than "+strconv.Itoa(maxSegments))
	for i, s := range m.Audience.Segments {
		v.check(isID(s), "/audience/segments/"+strconv.Itoa(i), "is not an id")
		v.check(i == 0 || s != m.Audience.Segments[i-1], "/audience/segments/"+strconv.Itoa(i), "is named twice")
	}
	v.oneOf("/debt", m.Debt, Debts()...)
}
