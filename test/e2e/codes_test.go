package e2e

import (
	"fmt"
	"testing"

	domain "github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
)

// Codes come in, every command of them twice, and users win some meanwhile, while the group is killed at every step of
// a transaction. In the end each code lies on one shelf or is one user's.
func TestCodesComeInOnceWhateverDies(t *testing.T) {
	const chunk, drawn = 3000, 40
	for _, partitions := range []int32{1, 4} {
		t.Run(fmt.Sprint(partitions), func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			c := newContest(ctx, t, partitions)
			for i, point := range killings() {
				c.lives["budget"].wire.CutAt(point)
				c.stock(ctx, i*chunk, chunk)
				c.stock(ctx, i*chunk, chunk)
				var batch []*mission.Outcome
				for user := range drawn {
					o := contestOutcome("gifts", i*drawn+user)
					o.Limits.MaxWinners, o.Reward.Kind, o.Reward.Pool = 0, mission.RewardGiftCard, "p"
					batch = append(batch, o)
				}
				c.send(ctx, batch...)
				c.kill(ctx, "budget")
				c.settle(ctx) // whoever comes next finds codes
			}
			c.checkCodes(chunk*len(killings()), drawn*len(killings()))
		})
	}
}

// checkCodes wants every code in one place, and as many users answered as asked.
func (c *contest) checkCodes(imported, users int) {
	c.t.Helper()
	c.checkLetters()
	places, shelved := map[string]int{}, 0
	var pool domain.Pool
	for key, value := range c.rows(string(c.topo.Budget.Table())) {
		row, err := c.topo.Budget.Row.Decode(value)
		switch {
		case err != nil:
			c.t.Fatalf("%q: %v", key, err)
		case row.Pool != nil:
			pool = *row.Pool
		case row.Shelf != nil:
			for _, code := range row.Shelf.Codes {
				places[code]++
				shelved++
			}
		}
	}
	answers, given := 0, 0
	for _, r := range c.log.records[c.topo.RewardsIn.Name] {
		a, err := c.topo.RewardsIn.Codec.Decode(r.Value)
		if err != nil {
			c.t.Fatal(err)
		}
		answers++
		if a.Verdict == domain.Reserved {
			places[a.Code]++
			given++
		}
	}
	for code, n := range places {
		if n != 1 {
			c.t.Errorf("code %q is in %d places", code, n)
		}
	}
	want := domain.Pool{Stocked: int64(imported), Drawn: int64(given), Duplicates: int64(imported), Missed: int64(users - given)}
	if len(places) != imported || answers != users || given == 0 || pool != want {
		c.t.Errorf("%d codes of %d, %d answers of %d, %d codes given; the pool says %+v, want %+v", len(places), imported, answers, users, given, pool, want)
	}
	c.t.Logf("%d codes on shelves, %d with users", shelved, given)
}
