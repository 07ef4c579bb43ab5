package dev

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	healthviews "github.com/millrace/millrace/views/health"
	missionviews "github.com/millrace/millrace/views/mission"
	"github.com/millrace/millrace/views/serve"
)

// Board is what `millrace dev` knows beyond its tables.
type Board interface {
	Board() BoardState
}

// BoardState is the state of a running dev.
type BoardState struct {
	StartedAt time.Time
	// Users are a few whose missions are worth looking at, with a token for each, or none.
	Users []BoardUser
	// Events, Duplicates, DeadLetters and WindowsClosed count since the start of the data.
	Events, Duplicates, DeadLetters, WindowsClosed int64
	// Money is by currency.
	Money map[string]BoardMoney
	// CheckedAt is when the audit has last checked all money; zero: not yet. Judged says that it could at its last
	// look.
	CheckedAt time.Time
	Judged    bool
}

// BoardUser is a user to show.
type BoardUser struct{ ID, Token string }

// BoardMoney is the conservation of one currency since the start of the data, in minor units: settled less reversed is
// received by progress or in flight to it. Difference is what the audit has found amiss.
type BoardMoney struct{ Settled, Reversed, Received, InFlight, Difference int64 }

// BoardBody is what the live page shows.
type BoardBody struct {
	StartedAt instant.Milli   `json:"started_at"`
	Users     []boardUserBody `json:"users"`
	Banks     []boardBank     `json:"banks"`
	Totals    boardTotals     `json:"totals"`
	AsOf      serve.AsOf      `json:"as_of"`
}

type boardUserBody struct {
	ID       string                     `json:"id"`
	Token    string                     `json:"token"`
	Missions []missionviews.UserMission `json:"missions"`
	Rewards  []boardRewards             `json:"rewards"`
}

// boardRewards are the rewards of one kind and state that a user has.
type boardRewards struct {
	Kind  string `json:"kind"`
	State string `json:"state"`
	Count int    `json:"count"`
}

type boardTotals struct {
	Events        int64            `json:"events"`
	Duplicates    int64            `json:"duplicates"`
	DeadLetters   int64            `json:"dead_letters"`
	WindowsClosed int64            `json:"windows_closed"`
	SettledMinor  map[string]int64 `json:"settled_minor"`
	ReversedMinor map[string]int64 `json:"reversed_minor"`
	ReceivedMinor map[string]int64 `json:"received_minor"`
	InFlightMinor map[string]int64 `json:"in_flight_minor"`
	// DifferenceMinor is what the audit of money has found amiss; CheckedAt is when it last checked all of it, null
	// before it first did.
	DifferenceMinor map[string]int64 `json:"difference_minor"`
	CheckedAt       *instant.Milli   `json:"checked_at"`
	Judged          bool             `json:"judged" doc:"whether the audit could check everything at its last look"`
}

type boardBank struct {
	healthviews.HealthRow
	// Spark holds the technical rates of the last windows, oldest first, null where there were no samples.
	Spark []*float64 `json:"spark"`
}

type boardOutput struct{ Body BoardBody }

// The missions of one user on the live page: those with progress, or else a few of the others.
const (
	shownMissions = 4
	shownUntried  = 2
)

func (s *Routes) board(ctx context.Context, _ *struct{}) (*boardOutput, error) {
	as, err := s.At(ctx, serve.Fresh{}, s.Everything()...)
	if err != nil {
		return nil, err
	}
	state := s.Page.Board()
	body := BoardBody{StartedAt: instant.Of(state.StartedAt), Users: []boardUserBody{}, Banks: []boardBank{},
		Totals: totalsOf(state)}
	snapshot := s.Missions.Index.Snapshot()
	for _, u := range state.Users {
		row, err := s.Missions.UserRow(u.ID)
		if serve.Undecodable(err) {
			continue // the page shows the others
		}
		if err != nil {
			return nil, err
		}
		purse, _, err := serve.RowOf(s.Kit, s.Sources.Rewards, s.Config.Topology.Rewards, u.ID)
		if err != nil && !serve.Undecodable(err) {
			return nil, err
		}
		body.Users = append(body.Users, boardUserBody{u.ID, u.Token,
			shownOf(mission.Views(row, u.ID, snapshot, s.Missions.EventTime(as, row), s.Config.Missions)),
			counted(purse)})
	}
	var evaluated instant.Milli
	var shown []shownBank
	modes, err := s.Health.Modes("")
	if err != nil {
		return nil, err
	}
	for _, name := range modes {
		row, err := s.Health.Mode(name)
		if serve.Undecodable(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		evaluated = max(evaluated, row.Evaluated)
		for _, st := range row.Standings(s.Config.Settings) {
			shown = append(shown, shownBank{row, st})
		}
	}
	for _, bank := range worthShowing(shown) {
		spark, err := s.spark(bank.mode, bank.standing.Instrument)
		if err != nil && !serve.Undecodable(err) {
			return nil, err
		}
		body.Banks = append(body.Banks, boardBank{s.Health.HealthRow(bank.mode, bank.standing), spark})
	}
	body.AsOf = as.Stamped(evaluated)
	return &boardOutput{body}, nil
}

// counted counts the rewards of a user, by kind and state.
func counted(row *reward.Row) []boardRewards {
	out := []boardRewards{}
	if row == nil {
		return out
	}
	for _, r := range row.Rewards {
		if !r.Visible() {
			continue
		}
		is := func(b boardRewards) bool { return b.Kind == r.Kind && b.State == string(r.State) }
		if i := slices.IndexFunc(out, is); i >= 0 {
			out[i].Count++
		} else {
			out = append(out, boardRewards{r.Kind, string(r.State), 1})
		}
	}
	slices.SortFunc(out, func(a, b boardRewards) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
	})
	return out
}

func totalsOf(state BoardState) boardTotals {
	t := boardTotals{
		Events: state.Events, Duplicates: state.Duplicates, DeadLetters: state.DeadLetters,
		WindowsClosed: state.WindowsClosed,
		SettledMinor:  map[string]int64{}, ReversedMinor: map[string]int64{}, ReceivedMinor: map[string]int64{},
		InFlightMinor: map[string]int64{}, Judged: state.Judged, DifferenceMinor: map[string]int64{},
	}
	for currency, m := range state.Money {
		t.SettledMinor[currency], t.ReversedMinor[currency] = m.Settled, m.Reversed
		t.ReceivedMinor[currency], t.InFlightMinor[currency], t.DifferenceMinor[currency] = m.Received, m.InFlight,
			m.Difference
	}
	if !state.CheckedAt.IsZero() {
		at := instant.Of(state.CheckedAt)
		t.CheckedAt = &at
	}
	return t
}

func shownOf(views []mission.View) []missionviews.UserMission {
	limit := shownMissions
	tried := slices.DeleteFunc(slices.Clone(views), func(v mission.View) bool { return v.Progress == 0 })
	if len(tried) == 0 {
		tried, limit = views, shownUntried
	}
	items := []missionviews.UserMission{}
	for _, v := range tried[:min(len(tried), limit)] {
		items = append(items, missionviews.UserMissionOf(v))
	}
	return items
}

// shownBank is an instrument that the live page could show.
type shownBank struct {
	mode     *health.ModeRow
	standing health.Standing
}

// maxBanks is how many instruments the live page shows.
const maxBanks = 100

// worthShowing returns those that the live page has room for, in the order of before: what is not up first, then the
// busiest.
func worthShowing(banks []shownBank) []shownBank {
	if len(banks) <= maxBanks {
		return banks
	}
	order := make([]int, len(banks))
	for i := range order {
		order[i] = i
	}
	rank := func(i int) (int, int64) {
		if st := banks[i].standing; st.State != health.Up || !st.Enabled {
			return 0, -st.Samples
		}
		return 1, -banks[i].standing.Samples
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, x := rank(i)
		b, y := rank(j)
		return cmp.Or(cmp.Compare(a, b), cmp.Compare(x, y))
	})
	order = order[:maxBanks]
	slices.Sort(order)
	out := make([]shownBank, 0, maxBanks)
	for _, i := range order {
		out = append(out, banks[i])
	}
	return out
}

// spark adds up the gateways of an instrument, window by window.
func (s *Routes) spark(row *health.ModeRow, instrument string) ([]*float64, error) {
	inst := row.Instrument(instrument)
	if inst == nil {
		return nil, errors.New("views: an instrument vanished from its own row")
	}
	sums := map[instant.Milli]health.Counts{}
	var newest instant.Milli
	for i := range inst.Gateways {
		r, err := s.Health.HealthRowOf(health.Path{Mode: row.Mode, Instrument: instrument,
			Gateway: inst.Gateways[i].Name}.Key())
		if err != nil {
			return []*float64{}, err
		}
		if r == nil || r.Series == nil {
			continue
		}
		for _, small := range r.Series.Last {
			sums[small.End] = sums[small.End].Plus(small.Counts)
			newest = max(newest, small.End)
		}
	}
	spark := []*float64{}
	if newest == 0 {
		return spark, nil
	}
	size := instant.Milli(s.Config.Settings.Window / time.Millisecond)
	for i := s.Config.Settings.Windows - 1; i >= 0; i-- {
		sum := sums[newest-instant.Milli(i)*size]
		eligible := sum.Eligible(s.Config.Settings.CountTimeouts)
		if len(spark) == 0 && eligible == 0 {
			continue // begin with the first window that has samples
		}
		spark = append(spark, serve.Optional(float64(sum[ledger.Succeeded])/float64(max(eligible, 1)), eligible > 0))
	}
	return spark, nil
}
