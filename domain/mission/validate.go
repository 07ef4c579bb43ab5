package mission

import (
	"strconv"

	"github.com/millrace/millrace/domain/problem"
)

// The bounds of texts and lists, in bytes and entries.
const (
	maxID          = 100
	maxTitle       = 200
	maxDescription = 2000
)

const laterDetail = "is not supported yet"

// Validate returns everything that is wrong with a normalised m, nil if nothing is. Goals, windows and options that are not
// supported yet are refused by name rather than ignored.
func Validate(m *Mission) problem.List {
	v := &validator{m: m}
	v.texts()
	v.goal()
	v.window()
	v.reward()
	v.options()
	v.filters()
	return v.problems
}

type validator struct {
	m        *Mission
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

// oneOf checks an enumeration whose words before supported work now and whose others come later.
func (v *validator) oneOf(pointer, value string, supported []string, later ...string) {
	for _, s := range supported {
		if value == s {
			return
		}
	}
	for _, s := range later {
		if value == s {
			v.add(pointer, problem.InvalidField, s+" "+laterDetail)
			return
		}
	}
	detail := "must be " + supported[0]
	for _, s := range supported[1:] {
		detail += " or " + s
	}
	if value == "" {
		detail = "is required: " + detail
	}
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
	v.check(len(m.Description) <= maxDescription, "/description", "is longer than "+strconv.Itoa(maxDescription)+" bytes")
	v.check(m.BrandID == "" || isID(m.BrandID), "/brand_id", "is not an id")
	switch {
	case m.Currency == "":
		v.add("/currency", problem.InvalidField, "is required")
	case !isCurrency(m.Currency):
		v.add("/currency", problem.InvalidField, "is not a currency of ISO 4217, in upper case")
	}
	v.check(m.Status.Known(), "/status", "must be draft, scheduled, active, paused, ended or archived")
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
	v.oneOf("/goal/metric", g.Metric, []string{MetricAmount, MetricCount}, MetricDistinct, MetricStreak)
	v.check(g.Target > 0, "/goal/target", "must be a whole number above 0")
	v.check(g.PerEventCap >= 0, "/goal/per_event_cap", "must not be negative")
	if g.Field != "" && (g.Metric == MetricAmount || g.Metric == MetricCount) {
		v.add("/goal/field", problem.InvalidField, "belongs to the metric distinct only")
	}
}

func (v *validator) window() {
	m := v.m
	w := m.Window
	zone, zoneErr := loadZone(m.TimeZone)
	v.check(zoneErr == nil, "/time_zone", "must be an IANA time zone such as Asia/Kolkata")
	v.oneOf("/window/kind", w.Kind, []string{WindowFixed}, WindowRecurring, WindowPerUser)
	if w.Kind != WindowFixed {
		return
	}
	v.check(w.Every == "", "/window/every", "belongs to recurring windows only")
	v.check(w.Duration == 0, "/window/duration", "belongs to per_user windows only")
	v.check(w.Start == "", "/window/start", "belongs to per_user windows only")
	if zoneErr != nil {
		return
	}
	from, fromErr := parseMoment(w.From, zone)
	to, toErr := parseMoment(w.To, zone)
	for _, end := range []struct {
		pointer, text string
		err           error
	}{{"/window/from", w.From, fromErr}, {"/window/to", w.To, toErr}} {
		switch {
		case end.text == "":
			v.add(end.pointer, problem.InvalidField, "is required for a fixed window")
		case end.err != nil:
			v.add(end.pointer, problem.InvalidField, "is "+end.err.Error())
		}
	}
	if fromErr == nil && toErr == nil {
		v.check(from.at.Before(to.at), "/window/to", "must lie after from")
	}
}

func (v *validator) reward() {
	r := v.m.Reward
	v.oneOf("/reward/kind", r.Kind, []string{RewardCoins, RewardCash, RewardGiftCard, RewardScratchCard, RewardCustom})
	switch r.Kind {
	case RewardCoins, RewardCash:
		v.check(r.Amount > 0, "/reward/amount", "must be a whole number above 0")
	default:
		v.check(r.Amount >= 0, "/reward/amount", "must not be negative")
	}
	v.check(r.Pool == "" || isID(r.Pool), "/reward/pool", "is not an id")
	v.check(r.ExpiresAfter >= 0, "/reward/expires_after", "must not be negative")
	v.oneOf("/grant/mode", v.m.Grant.Mode, []string{GrantAuto, GrantClaim})
	v.check(v.m.Grant.Hold >= 0, "/grant/hold", "must not be negative")
}

func (v *validator) options() {
	m := v.m
	v.oneOf("/enrolment", m.Enrolment, []string{AutomaticEnrolment}, OptIn)
	v.check(m.Limits.CompletionsPerUser >= 0 && m.Limits.CompletionsPerUser <= MaxCompletions, "/limits/completions_per_user",
		"must be 0 to "+strconv.Itoa(MaxCompletions))
	v.check(m.Limits.MaxWinners == 0, "/limits/max_winners", laterDetail)
	v.check(m.Limits.Budget == 0, "/limits/budget", laterDetail)
	v.oneOf("/limits/over_budget", m.Limits.OverBudget, []string{OverBudgetReject, OverBudgetTruncate})
	v.check(m.Audience.RolloutPercent >= 0 && m.Audience.RolloutPercent <= 100, "/audience/rollout_percent", "must be 0 to 100")
	v.check(len(m.Audience.Segments) == 0, "/audience/segments", laterDetail)
	v.oneOf("/debt", m.Debt, []string{DebtNegative, DebtFloor})
}
