// Package campaign is what the end-to-end tests and the crash run do besides sending payments: missions of every goal
// and window, what operators do to them, what users ask for, Claimants who claim what they have won, and a Provider who
// pays rewards. It tells the oracle the same.
//
// All of it goes with traffic that begins a little before Midnight, where a day, a week and a month begin at once in
// Chicago.
package campaign

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/topology" // missions
)

// Plain are the missions that stay as they are, as docs/missions.md says. Between them they use every goal, window,
// operator on texts and amounts, kind of reward, way in and limit, and windows that cut through the traffic.
//
//go:embed missions.json
var plain []byte

//go:embed acted.json
var acted []byte

//go:embed later.json
var later []byte

// Midnight is when a Monday, the first of a month, begins in Chicago.
func Midnight() time.Time { return time.Date(2025, 12, 1, 6, 0, 0, 0, time.UTC) }

// Definitions returns the missions that nobody does anything to, as a file for `millrace mission apply`.
func Definitions() []byte { return plain }

// pools are those that missions of Definitions name.
func pools() []string { return []string{"codes", "vouchers"} }

// Pools returns them, as a file for `millrace pool apply`: a mission names only what is there.
func Pools() []byte {
	return fmt.Appendf(nil, `[{"id":%q},{"id":%q}]`, pools()[0], pools()[1])
}

// act is what an operator does to a mission, at an event time: a change of status, or, where that is empty, the later
// version, put in force from then on.
type act struct {
	mission string
	at      time.Time
	status  mission.Status
}

func acts() []act {
	m := Midnight()
	return []act{
		{"paused", m.Add(-30 * time.Second), mission.Paused}, {"paused", m.Add(30 * time.Second), mission.Active},
		{"paused", m.Add(2 * time.Minute), mission.Paused}, {"paused", m.Add(150 * time.Second), mission.Active},
		{"ended", m.Add(time.Minute), mission.Ended},
		{"edited", m.Add(-45 * time.Second), ""}, {"edited-joined", m, ""},
	}
}

// Missions returns all missions as the oracle is to see them.
func Missions() ([]oracle.Mission, error) {
	var all []oracle.Mission
	for _, text := range [][]byte{plain, acted} {
		var list []oracle.Mission
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, fmt.Errorf("campaign: %w", err)
		}
		all = append(all, list...)
	}
	var versions []oracle.Definition
	if err := json.Unmarshal(later, &versions); err != nil {
		return nil, fmt.Errorf("campaign: %w", err)
	}
	for i := range all {
		m := &all[i]
		for _, a := range acts() {
			at := instant.Of(a.at)
			switch {
			case a.mission != m.ID:
			case a.status == "":
				n := slices.IndexFunc(versions, func(d oracle.Definition) bool { return d.ID == m.ID })
				m.Later = append(m.Later, oracle.Version{Definition: versions[n], From: at})
			case a.status == mission.Paused:
				m.Pauses = append(m.Pauses, oracle.Span{From: at})
			case a.status == mission.Active:
				m.Pauses[len(m.Pauses)-1].To = at
			case a.status == mission.Ended:
				m.EndedAt = at
			}
		}
	}
	return all, nil
}

// Record is something to be sent. Its partition is that of its key.
type Record struct {
	Topic, Key string
	Value      []byte
}

// Operators returns the commands that create the missions that something is done to, with the gift codes, and those
// that do it. When the latter are sent makes no difference, as long as every user is touched afterwards. Order matters.
func Operators(t *topology.Topology) (create, act []Record, err error) {
	definitions, err := missioncodec.ParseAll(bytes.NewReader(acted))
	if err != nil {
		return nil, nil, fmt.Errorf("campaign: %w", err)
	}
	versions, err := missioncodec.ParseAll(bytes.NewReader(later))
	if err != nil {
		return nil, nil, fmt.Errorf("campaign: %w", err)
	}
	put := func(to *[]Record, m catalog.Mission, at time.Time) error {
		c := catalog.NewPut(fmt.Sprintf("campaign-%s-%d", m.ID(), len(create)+len(act)), "campaign", instant.Of(at), m)
		c.Reason = "for the test"
		value, err := catalogcodec.Command{}.Encode(c)
		*to = append(*to, Record{t.CatalogCommands.Name, c.Key(), value})
		return err
	}
	for _, m := range definitions {
		if err := put(&create, catalog.NewMission(m), Midnight().Add(-24*time.Hour)); err != nil {
			return nil, nil, err
		}
		for _, a := range acts() {
			if a.mission != m.ID {
				continue
			}
			m.Status = a.status
			asked := catalog.NewMission(m)
			if a.status == "" { // a version in the past is one that is put there on purpose
				n := slices.IndexFunc(versions, func(v mission.Mission) bool { return v.ID == a.mission })
				versions[n].Status = ""
				asked = catalog.NewMission(versions[n])
				asked.Versions[0].From, asked.Versions[0].Backdated = instant.Of(a.at), true
			}
			if err := put(&act, asked, a.at); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, pool := range pools() {
		codes := &budget.Codes{Pool: pool, At: instant.Of(Midnight())}
		for i := range giftCodes {
			codes.Codes = append(codes.Codes, fmt.Sprintf("%s-%04d", strings.ToUpper(pool), i))
		}
		value, err := rewardcodec.PoolCodes{}.Encode(codes)
		if err != nil {
			return nil, nil, err
		}
		create = append(create, Record{t.PoolCodes.Name, budget.PoolKey(pool), value})
	}
	return create, act, nil
}

// giftCodes is how many there are in a pool: fewer than users who want one.
const giftCodes = 25

// Users returns what users ask for, and what segments they are put in: usr_1 to usr_n. When it is sent, and in what
// order, makes no difference, as long as the missions are there.
func Users(t *topology.Topology, n int) ([]Record, error) {
	var out []Record
	for i := 1; i <= n; i++ {
		user := fmt.Sprintf("usr_%d", i)
		for _, turn := range append(turns(i), pointless()...) {
			e := &mission.Enrolment{
				ID: fmt.Sprintf("%s-%s-%d", user, turn.mission, len(out)), Op: turn.op, UserID: user,
				Mission: turn.mission, Actor: user,
				At: instant.Of(Midnight().Add(turn.after)),
			}
			value, err := missioncodec.Enrolment{}.Encode(e)
			if err != nil {
				return nil, err
			}
			out = append(out, Record{t.Enrolments.Name, user, value})
		}
		for j, set := range sets(i) {
			s := &mission.Segments{
				ID: fmt.Sprintf("%s-segments-%d", user, j), UserID: user, Segments: set.segments, Actor: "campaign",
				At: instant.Of(Midnight().Add(set.after)),
			}
			value, err := missioncodec.UserSegments{}.Encode(s)
			if err != nil {
				return nil, err
			}
			out = append(out, Record{t.UserSegments.Name, user, value})
		}
	}
	return out, nil
}

// Touch returns a record for each user that repeats the user's segments: progress looks at a change of the catalog when
// a user's next record comes.
func Touch(t *topology.Topology, n int) ([]Record, error) {
	var out []Record
	for i := 1; i <= n; i++ {
		s := &mission.Segments{ID: fmt.Sprintf("touch-%d", i), UserID: fmt.Sprintf("usr_%d", i), Actor: "campaign",
			At: instant.Of(Midnight().Add(time.Hour))}
		if all := sets(i); len(all) > 0 {
			s.Segments = all[len(all)-1].segments
		}
		value, err := missioncodec.UserSegments{}.Encode(s)
		if err != nil {
			return nil, err
		}
		out = append(out, Record{t.UserSegments.Name, s.UserID, value})
	}
	return out, nil
}

type turn struct {
	mission string
	op      mission.EnrolmentOp
	after   time.Duration // Midnight
}

// turns are a user's enrolments: some come early, some go again, some return, some never ask.
func turns(user int) (all []turn) {
	early, late := -10*time.Minute, time.Duration(user%100-30)*time.Second
	for _, id := range []string{"joined", "joined-timed", "joined-first", "edited-joined"} {
		switch user % 4 {
		case 0:
			all = append(all, turn{id, mission.Enrol, early})
		case 1:
			all = append(all, turn{id, mission.Enrol, late})
		case 2:
			all = append(all, turn{id, mission.Enrol, early}, turn{id, mission.Withdraw, late},
				turn{id, mission.Enrol, late + time.Minute})
		}
	}
	return all
}

// pointless are enrolments that are refused: there is no such mission, nobody is asked who is in it, it has ended. The
// last is no more than too late where operators have not ended it yet.
func pointless() []turn {
	return []turn{{"nowhere", mission.Enrol, 0}, {"three-payments", mission.Withdraw, 0},
		{"ended", mission.Enrol, 2 * time.Minute}}
}

type segmentSet struct {
	segments []string
	after    time.Duration // Midnight
}

func sets(user int) []segmentSet {
	switch user % 3 {
	case 0:
		return []segmentSet{{[]string{"gold", "new"}, -time.Hour}}
	case 1:
		return []segmentSet{{[]string{"new"}, -time.Hour}, {[]string{"platinum"}, 20 * time.Second},
			{nil, 90 * time.Second}}
	default:
		return nil
	}
}
