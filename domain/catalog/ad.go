package catalog

import (
	"regexp"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// Ad is something shown to users at a place of the app, mostly to lead them to a mission.
type Ad struct {
	AdID      string
	Title     string
	Body      string
	ImageURL  string // empty: none
	TargetURL string // where a tap leads: a web address, or one of the app itself; empty: to the mission
	Placement string // the place in the app
	From, To  string // local dates or times in TimeZone, or RFC 3339; To excluded; empty: no bound
	TimeZone  string // IANA name; defaults to UTC
	MissionID string // empty: everybody sees the ad; else who sees the mission
	BrandID   string
	Priority  int64  // ads of a place are shown by it, the highest first; 0 to MaxPriority
	State     string // StatusDraft, StatusActive or StatusArchived
}

// MaxPriority bounds the priority of an ad.
const MaxPriority = 1000

var placementPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Kind implements Entity.
func (Ad) Kind() Kind { return KindAd }

// ID implements Entity.
func (a Ad) ID() string { return a.AdID }

// Status implements Entity.
func (a Ad) Status() string { return a.State }

// Number implements Entity.
func (Ad) Number() int64 { return 1 }

// Schedule returns from when to when the ad is shown, to excluded; 0 is no bound. The ad must be valid.
func (a Ad) Schedule() (from, to instant.Milli, err error) {
	if a.From != "" {
		if from, err = mission.Moment(a.From, a.TimeZone); err != nil {
			return 0, 0, err
		}
	}
	if a.To != "" {
		to, err = mission.Moment(a.To, a.TimeZone)
	}
	return from, to, err
}

func (a Ad) normal() Entity {
	for _, text := range []*string{&a.AdID, &a.Title, &a.Body, &a.ImageURL, &a.TargetURL, &a.From, &a.To, &a.TimeZone,
		&a.MissionID, &a.BrandID} {
		*text = strings.TrimSpace(*text)
	}
	a.Placement = name(a.Placement)
	if a.TimeZone == "" {
		a.TimeZone = "UTC"
	}
	return a
}

func (a Ad) validate(Config) problem.List {
	v := &validator{}
	v.definition(a.AdID, a.State)
	v.required("/title", a.Title, maxTitle)
	v.text("/body", a.Body, maxText)
	v.webAddress("/image_url", a.ImageURL)
	v.address("/target_url", a.TargetURL)
	if !placementPattern.MatchString(a.Placement) {
		v.add("/placement", "must be a word of letters, digits, '-' and '_', at most 64")
	}
	v.optionalID("/mission_id", a.MissionID)
	v.optionalID("/brand_id", a.BrandID)
	if a.Priority < 0 || a.Priority > MaxPriority {
		v.add("/priority", "must be 0 to 1000")
	}
	v.schedule(a)
	return v.problems
}

func (v *validator) schedule(a Ad) {
	if _, err := mission.Moment("2026-03-01", a.TimeZone); err != nil {
		v.add("/time_zone", "must be an IANA time zone such as Asia/Kolkata")
		return
	}
	found := len(v.problems)
	for _, end := range []struct{ pointer, text string }{{"/schedule/from", a.From}, {"/schedule/to", a.To}} {
		if end.text == "" {
			continue
		}
		if err := mission.SingleMoment(end.text, a.TimeZone); err != nil {
			v.add(end.pointer, "is "+err.Error())
		}
	}
	if from, to, err := a.Schedule(); err == nil && len(v.problems) == found && to != 0 && to <= from {
		v.add("/schedule/to", "must lie after from")
	}
}

func (a Ad) put(current Entity, _ *Command, _ Config) (Entity, Change, problem.List) {
	return putDefinition(current, a)
}

func (a Ad) withdraw(*Command) (Entity, Change, problem.List) {
	next := a
	next.State = StatusArchived
	return archive(a, next)
}
