package budget_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
)

// world runs the rows of the group: what one row sends to another arrives in order, what comes from two may be mixed.
type world struct {
	t     *rapid.T
	rows  map[string]*budget.Row
	under map[[2]string][]*budget.Move // by sender and receiver
	lanes [][2]string                  // those with something under way
	got   []*budget.Allotment
}

func newWorld(t *rapid.T) *world {
	return &world{t: t, rows: map[string]*budget.Row{}, under: map[[2]string][]*budget.Move{}}
}

func (w *world) apply(from string, effects []budget.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case budget.Allotted:
			w.got = append(w.got, e.Allotment)
		case budget.Moved:
			lane := [2]string{from, e.To}
			if len(w.under[lane]) == 0 {
				w.lanes = append(w.lanes, lane)
			}
			w.under[lane] = append(w.under[lane], e.Move)
		case budget.Rejected:
			w.t.Fatalf("rejected: %s", e.Detail)
		}
	}
}

func (w *world) keep(key string, row *budget.Row) {
	w.rows[key] = row
	if row == nil {
		delete(w.rows, key)
	}
}

// step handles one of the moves under way.
func (w *world) step() bool {
	if len(w.lanes) == 0 {
		return false
	}
	i := rapid.IntRange(0, len(w.lanes)-1).Draw(w.t, "lane")
	lane := w.lanes[i]
	move := w.under[lane][0]
	if w.under[lane] = w.under[lane][1:]; len(w.under[lane]) == 0 {
		w.lanes = slices.Delete(w.lanes, i, i+1)
	}
	next, effects := budget.ApplyMove(w.rows[lane[1]], lane[1], move)
	w.keep(lane[1], next)
	w.apply(lane[1], effects)
	return true
}

// Codes come in, go out, come back and come in again: none is handed out to two, none is lost, and who finds the pool
// empty gets no code and keeps no reservation.
func TestCodesAreHandedOutOnce(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		w := newWorld(t)
		imported, held, duplicates, missed := map[string]bool{}, map[string]bool{}, int64(0), int64(0)
		var returned []*budget.Allotment
		burned := map[string]bool{}
		users := 0
		for range 30 {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				from := rapid.IntRange(0, 450).Draw(t, "from")
				c := &budget.Codes{Pool: "p"}
				for i := range rapid.IntRange(1, 250).Draw(t, "codes") {
					code := fmt.Sprint("c", (from+i)%450)
					c.Codes = append(c.Codes, code)
					if imported[code] {
						duplicates++
					}
					imported[code] = true
				}
				w.apply("import", budget.Import(c))
			case 1, 2:
				o := outcome(mission.Completed, fmt.Sprint("u", users), 7, mission.Limits{Budget: 1 << 30})
				users++
				o.Reward.Kind, o.Reward.Pool = mission.RewardGiftCard, "p"
				next, effects := budget.Judge(w.rows["m"], o)
				w.keep("m", next)
				w.apply("m", effects)
			case 3:
				w.step()
			case 4: // a code that was handed out comes back, or is seen
				if len(w.got) == 0 {
					continue
				}
				a := w.got[0]
				w.got = w.got[1:]
				if a.Verdict == budget.Exhausted {
					missed++
					continue
				}
				if held[a.Code] || burned[a.Code] || !imported[a.Code] {
					t.Fatalf("code %q was handed out twice, or never came", a.Code)
				}
				held[a.Code] = true
				r := &budget.Return{Movement: budget.Spent, Mission: "m", Unit: "INR", Amount: a.Amount}
				if rapid.Bool().Draw(t, "unseen") {
					r.Movement, r.Pool, r.Code = budget.Returned, "p", a.Code
					returned = append(returned, a)
					delete(held, a.Code)
				} else {
					burned[a.Code] = true
				}
				next, effects := budget.Resolve(w.rows["m"], r)
				w.keep("m", next)
				w.apply("m", effects)
			}
		}
		for w.step() {
		}
		w.checkPool(imported, burned, duplicates, missed, int64(len(returned)))
	})
}

// checkPool wants every code that was ever imported in exactly one place, and counters that say so.
func (w *world) checkPool(imported, burned map[string]bool, duplicates, missed, returned int64) {
	place := map[string]string{}
	put := func(code, where string) {
		if before, twice := place[code]; twice || !imported[code] {
			w.t.Fatalf("code %q lies %s and %s", code, before, where)
		}
		place[code] = where
	}
	for code := range burned {
		put(code, "with a user who has seen it")
	}
	reserved := int64(0)
	for _, a := range w.got {
		if a.Verdict == budget.Exhausted {
			missed++
			continue
		}
		reserved += a.Amount
		put(a.Code, "with a user")
	}
	shelved := int64(0)
	for key, row := range w.rows {
		if row.Shelf != nil {
			if len(row.Shelf.Codes) > budget.ShelfSize {
				w.t.Fatalf("%s has %d codes", key, len(row.Shelf.Codes))
			}
			for _, code := range row.Shelf.Codes {
				shelved++
				put(code, "on "+key)
			}
		}
	}
	if len(place) != len(imported) {
		w.t.Fatalf("%d codes of %d", len(place), len(imported))
	}
	var p *budget.Pool
	if row := w.rows[budget.PoolKey("p")]; row != nil {
		p = row.Pool
	}
	if p != nil && (p.Available() != shelved || p.Imported() != int64(len(imported)) || p.Duplicates != duplicates || p.Missed != missed || p.Returned != returned) {
		w.t.Fatalf("the pool says %+v; %d on shelves, %d imported, %d duplicates, %d missed, %d returned", *p, shelved, len(imported), duplicates, missed, returned)
	}
	if row := w.rows["m"]; row != nil && row.Mission.Account("INR").Reserved != reserved {
		w.t.Fatalf("%d is reserved, the users have %d", row.Mission.Account("INR").Reserved, reserved)
	}
}

func TestMovesThatDoNotFitAreRejected(t *testing.T) {
	a := &budget.Allotment{Mission: "m", Reward: mission.Reward{Amount: 1}}
	for name, c := range map[string]struct {
		key  string
		move *budget.Move
	}{
		"a draw for a mission": {"m", &budget.Move{Step: budget.StepDraw, Allotment: a}}, "a draw without a user": {"pool/p", &budget.Move{Step: budget.StepDraw}},
		"an empty shelf": {"pool/p/0", &budget.Move{Step: budget.StepTake, Allotment: a}}, "an unknown step": {"pool/p", &budget.Move{Step: 99}},
		"codes and a user": {"pool/p", &budget.Move{Step: budget.StepStock, Allotment: a}}, "a release of nothing": {"m", &budget.Move{Step: budget.StepRelease, Allotment: &budget.Allotment{Amount: 5}}},
	} {
		row, effects := budget.ApplyMove(nil, c.key, c.move)
		if len(effects) != 1 || row != nil {
			t.Errorf("%s: %v %v", name, row, effects)
		} else if _, ok := effects[0].(budget.Rejected); !ok {
			t.Errorf("%s: %v", name, effects)
		}
	}
}
