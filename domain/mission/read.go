package mission

import (
	"math/bits"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// View is what one user sees of one mission.
type View struct {
	Mission     *Compiled
	Enrolled    bool
	EnrolledAt  instant.Milli // 0 if not enrolled
	LastAt      instant.Milli // created_at of the latest payment that counted; 0 if none
	Progress    int64         // all that counted, also past the target
	Remaining   int64         // until the next completion; 0 when the limit is reached
	Percent     int64         // of the way to the next completion, 0 to 100; 100 when the limit is reached
	Completions int64
	Limit       int64 // completions per user; 0 = none
}

// Views returns every mission that a user can see, enrolled or not, by id: active, paused and ended ones whose audience
// includes the user. The row may be nil, and need not have met the missions yet.
func Views(row *UserRow, user string, missions *Snapshot, cfg Config) []View {
	row = Touch(row, user, missions, cfg)
	var out []View
	for _, c := range missions.missions {
		if c.seenBy(user) {
			out = append(out, c.view(row))
		}
	}
	return out
}

// ViewOf returns one mission as the user sees it, false if there is none that the user can see.
func ViewOf(row *UserRow, user, id string, missions *Snapshot, cfg Config) (View, bool) {
	for _, c := range missions.missions {
		if c.ID() == id && c.seenBy(user) {
			return c.view(Touch(row, user, missions, cfg)), true
		}
	}
	return View{}, false
}

func (c *Compiled) seenBy(user string) bool {
	return c.mission.Status.Visible() && c.Includes(user)
}

func (c *Compiled) view(row *UserRow) View {
	target := c.mission.Goal.Target
	v := View{Mission: c, Remaining: target, Limit: c.mission.Limits.CompletionsPerUser}
	if row == nil {
		return v
	}
	i, ok := findState(row.States, c.ID(), c.Number())
	if !ok {
		return v
	}
	s := row.States[i]
	v.Enrolled, v.EnrolledAt, v.LastAt = true, s.EnrolledAt, s.LastAt
	v.Progress = s.Progress.Int64()
	v.Completions = c.Completions(s.Progress)
	if v.Completions >= c.limit() {
		v.Remaining, v.Percent = 0, 100
		return v
	}
	done := s.Progress
	for range v.Completions {
		done = done.Add(-target)
	}
	reached := max(done.Int64(), 0) // below target: the limit is not reached
	v.Remaining = target - reached
	v.Percent = percent(reached, target)
	return v
}

// percent returns floor(100 * part / whole) for 0 <= part <= whole without overflow.
func percent(part, whole int64) int64 {
	high, low := bits.Mul64(uint64(part), 100)
	quotient, _ := bits.Div64(high, low, uint64(whole))
	return int64(quotient)
}

// Contribution is what one payment did for one mission.
type Contribution struct {
	TransactionID string
	Counted       bool
	Contribution  int64
	Net           int64 // minor units
	Reason        Reason
	At            instant.Milli // created_at
}

// Contributions returns what the payments that the row remembers did for a mission, latest first. A payment that is
// reversed in full does not count, reason NotSettled.
func Contributions(row *UserRow, user string, c *Compiled) []Contribution {
	if row == nil {
		return nil
	}
	out := make([]Contribution, 0, len(row.Recent))
	for _, r := range row.Recent {
		facts := r.Facts
		facts.UserID = user
		x := Contribution{TransactionID: r.TransactionID, Net: r.Net, Reason: c.Judge(&facts), At: r.CreatedAt}
		if x.Reason == Counted && r.Net <= 0 {
			x.Reason = NotSettled
		}
		if x.Counted = x.Reason == Counted; x.Counted {
			x.Contribution = c.Contribution(r.Net)
		}
		out = append(out, x)
	}
	slices.Reverse(out)
	return out
}
