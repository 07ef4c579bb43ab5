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

// warnings says what is hardly meant about the window of a mission that is to be applied, as of a time. It may be meant: history that is
// replayed has payments of the past.
func (w *wish) warnings(now time.Time) []string {
	m, ok := w.entity.(catalog.Mission)
	over := slices.Contains([]string{string(mission.Ended), string(mission.Archived)}, w.Status)
	if !ok || over || w.Result == unchangedResult {
		return nil
	}
	asked := m.Definition()
	start, end, err := asked.Bounds()
	switch at := instant.Of(now); {
	case asked.Window.Kind != mission.WindowFixed || err != nil:
		return nil
	case end <= at:
		return []string{fmt.Sprintf("its window, %s, is over: nobody can reach it any more, unless payments of that time are replayed", w.Window)}
	case start > at.Add(soonEnough):
		return []string{fmt.Sprintf("its window, %s, begins more than a year ahead: is the year right?", w.Window)}
	default:
		return nil
	}
}
