package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// soonEnough is how far ahead the window of a mission may begin without a warning.
const soonEnough = 366 * 24 * time.Hour

// warnings says what is hardly meant about the window of a mission that is to be applied, as of a time. It may be
// meant: history that is replayed has payments of the past.
func (w *wish) warnings(now time.Time) []string {
	m, ok := w.entity.(catalog.Mission)
	over := slices.Contains([]string{string(mission.Ended), string(mission.Archived)}, w.Status)
	if !ok || over || w.Result == unchangedResult {
		return nil
	}
	asked := m.Definition()
	var says []string
	if l := asked.Limits; l.Budget > 0 && l.Budget < asked.Reward.Amount && l.OverBudget == mission.OverBudgetReject {
		says = append(says, "one reward is more than the whole budget: nobody can win it")
	}
	start, end, err := asked.Bounds()
	if asked.Window.Kind != mission.WindowFixed || err != nil {
		return says
	}
	return append(says, w.windowWarnings(m.ScheduledAt, start, end, instant.Of(now))...)
}

// windowWarnings says what is hardly meant about a fixed window from start to end.
func (w *wish) windowWarnings(scheduled, start, end, at instant.Milli) []string {
	switch {
	case end <= at:
		return []string{fmt.Sprintf("its window, %s, is over: nobody can reach it any more, unless payments of that time are replayed", w.Window)}
	case scheduled >= end:
		return []string{fmt.Sprintf("its window, %s, is over when it becomes active: nobody can reach it", w.Window)}
	case start > at.Add(soonEnough):
		return []string{fmt.Sprintf("its window, %s, begins more than a year ahead: is the year right?", w.Window)}
	default:
		return nil
	}
}
