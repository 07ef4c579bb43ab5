package views

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/views/token"
)

// won is a completion of usr_1 with the budget's verdict.
func won(verdict budget.Verdict, missionID string, iteration int64, r mission.Reward, g mission.Grant) *budget.Allotment {
	return &budget.Allotment{
		Verdict: verdict, UserID: "usr_1", Mission: missionID, Version: 1, Iteration: iteration, Currency: "INR", Reward: r, Amount: r.Amount,
		Grant: g, Debt: mission.DebtNegative, At: at(0),
	}
}

func swiggyReward() string { return reward.ID("usr_1", "swiggy-500", 1, 0, 1) }

// putRewards gives usr_1 coins that were taken back, a gift card with a code, one without that can be claimed, and a
// revocation whose completion has not come.
func (f *fixture) putRewards() {
	f.t.Helper()
	auto, claim := mission.Grant{Mode: mission.GrantAuto}, mission.Grant{Mode: mission.GrantClaim}
	coins := mission.Reward{Kind: mission.RewardCoins, Amount: 500}
	card := mission.Reward{Kind: mission.RewardGiftCard, Amount: 20000, Pool: "p", ExpiresAfter: 3_600_000_000_000}
	open, waiting := won(budget.Reserved, "open", 1, card, auto), won(budget.Reserved, "waiting", 1, card, claim)
	open.Code, waiting.Code = "SHOWN", "HIDDEN"
	f.allot(
		won(budget.Reserved, "swiggy-500", 1, coins, auto), open, waiting, won(budget.Revoked, "swiggy-500", 1, coins, auto),
		won(budget.Revoked, "early", 1, card, auto),
	)
}

func (f *fixture) allot(all ...*budget.Allotment) {
	f.t.Helper()
	for _, a := range all {
		var row *reward.Row
		if value, _ := f.tables.rewards.Get(a.UserID); value != nil {
			var err error
			row, err = f.topology.Rewards.Row.Decode(value)
			f.check(err)
		}
		next, effects := reward.ApplyAllotment(row, a.UserID, a, at(0))
		for _, e := range effects {
			if p, ok := e.(reward.Paged); ok {
				put(f, f.tables.rewards, f.topology.Rewards, p.Key, reward.Keep(p.Entries))
			}
		}
		put(f, f.tables.rewards, f.topology.Rewards, a.UserID, next)
	}
}

// A gift code is its user's alone, and that from the moment in which the card is granted.
func TestGiftCodesAreShownWhenGranted(t *testing.T) {
	f := newFixture(t)
	f.putRewards()
	usr, other := f.token("usr_1", token.User), f.token("usr_2", token.User)
	list := f.ask("GET", "/v1/users/me/rewards", usr).Body.String()
	if strings.Contains(list, "HIDDEN") || !strings.Contains(list, "SHOWN") || strings.Contains(list, reward.ID("usr_1", "early", 1, 0, 1)) {
		t.Errorf("%s", list)
	}
	waiting := "/v1/users/me/rewards/" + reward.ID("usr_1", "waiting", 1, 0, 1)
	if body := f.ask("GET", waiting, usr).Body.String(); strings.Contains(body, "HIDDEN") || !strings.Contains(body, `"claimable"`) {
		t.Errorf("%s", body)
	}
	if w := f.ask("POST", waiting+"/claim", usr); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "HIDDEN") {
		t.Errorf("claimed: %d %s", w.Code, w.Body)
	}
	f.allot(won(budget.Revoked, "open", 1, mission.Reward{}, mission.Grant{}))
	if body := f.ask("GET", "/v1/users/me/rewards", usr).Body.String(); strings.Contains(body, "SHOWN") {
		t.Errorf("clawed back: %s", body)
	}
	for _, path := range []string{"/v1/users/usr_1/rewards", "/v1/users/usr_1/coins", waiting, strings.Replace(waiting, "me", "usr_1", 1), "/v1/users/me/rewards/" + reward.ID("usr_1", "early", 1, 0, 1)} {
		f.wantProblem(f.ask("GET", path, other), http.StatusNotFound, "not_found")
	}
	f.wantProblem(f.ask("GET", "/v1/users/me/rewards/"+reward.ID("usr_1", "early", 1, 0, 1), usr), http.StatusNotFound, "not_found")
}

// Pages of both lists give every item once, whatever their size, over rows and pages of the table.
func TestPagesOfRewardsAndCoins(t *testing.T) {
	f := newFixture(t)
	const n = 3*reward.PageSize + 5
	for i := range int64(n) {
		f.allot(won(budget.Reserved, "many", i+1, mission.Reward{Kind: mission.RewardCoins, Amount: 2}, mission.Grant{Mode: mission.GrantAuto}))
	}
	for _, limit := range []int{1, 7, reward.PageSize, 500} {
		for path, list := range map[string]string{"/v1/users/me/rewards": "items", "/v1/users/me/coins": "entries"} {
			var ids []string
			for cursor := ""; ; {
				w := f.ask("GET", path+fmt.Sprintf("?limit=%d", limit)+cursor, f.token("usr_1", token.User))
				body := f.object(w.Body.Bytes())
				if w.Code != http.StatusOK || len(body[list].([]any)) > limit {
					t.Fatalf("%s: %d %s", path, w.Code, w.Body)
				}
				for _, item := range body[list].([]any) {
					ids = append(ids, item.(map[string]any)["id"].(string))
				}
				next, more := body["next_cursor"].(string)
				if !more {
					break
				}
				cursor = "&cursor=" + url.QueryEscape(next)
			}
			var want []string
			for i := int64(n); i > 0; i-- {
				id := fmt.Sprint(i)
				if list == "items" {
					id = reward.ID("usr_1", "many", 1, 0, i)
				}
				want = append(want, id)
			}
			if diff := cmp.Diff(want, ids); diff != "" {
				t.Errorf("%s by %d:\n%s", path, limit, diff)
			}
		}
	}
	f.wantProblem(f.ask("GET", "/v1/users/me/coins?cursor=x", f.token("usr_1", token.User)), http.StatusUnprocessableEntity, "invalid_field")
}

// Between the row and its page entries are under way for a moment: the answer says so, and leaves none out.
func TestEntriesUnderWay(t *testing.T) {
	f := newFixture(t)
	for i := range int64(2 * reward.PageSize) {
		f.allot(won(budget.Reserved, "many", i+1, mission.Reward{Kind: mission.RewardCoins, Amount: 2}, mission.Grant{Mode: mission.GrantAuto}))
	}
	f.tables.rewards.put(reward.PageKey("usr_1", 0), nil)
	if w := f.ask("GET", "/v1/users/me/coins?limit=64", f.token("usr_1", token.User)); w.Code != http.StatusOK {
		t.Errorf("the newest: %d %s", w.Code, w.Body)
	}
	f.wantProblem(f.ask("GET", "/v1/users/me/coins?limit=65", f.token("usr_1", token.User)), http.StatusServiceUnavailable, "recovering")
}

func TestAMissionNamesItsRewards(t *testing.T) {
	f := newFixture(t)
	f.putMission(swiggy())
	f.putRewards()
	body := f.object(f.ask("GET", "/v1/users/me/missions/swiggy-500", f.token("usr_1", token.User)).Body.Bytes())
	if diff := cmp.Diff([]any{swiggyReward()}, body["reward_ids"]); diff != "" {
		t.Error(diff)
	}
}
