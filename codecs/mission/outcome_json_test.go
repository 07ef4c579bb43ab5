package mission_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/codecs/codectest"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/mission"
)

func TestOutcomeJSON(t *testing.T) {
	o := &mission.Outcome{
		Kind: mission.Revoked, UserID: "u1", Mission: "m1", Version: 1, Iteration: 2, WindowStart: 1_772_303_400_000, WindowEnd: 1_772_908_200_000,
		Currency: "INR", Reward: mission.Reward{Kind: "coins", Amount: 100, ExpiresAfter: time.Hour}, Grant: mission.Grant{Mode: "auto"},
		Limits: mission.Limits{CompletionsPerUser: 2, OverBudget: "reject"}, LimitsOf: 3, Debt: "negative", Progress: 70000, At: 1_772_359_200_000, TransactionID: "t1",
	}
	b := codectest.RoundTrip(t, missioncodec.Outcome{}, o)
	want := `{"outcome":"revoked","user_id":"u1","mission_id":"m1","mission_version":1,"iteration":2,` +
		`"window":{"start":"2026-02-28T18:30:00.000Z","end":"2026-03-07T18:30:00.000Z"},"currency":"INR",` +
		`"reward":{"kind":"coins","amount":100,"expires_after":"1h"},"grant":{"mode":"auto","hold":"0s"},` +
		`"limits":{"completions_per_user":2,"max_winners":0,"budget":0,"over_budget":"reject"},"limits_version":3,"debt":"negative","progress":70000,` +
		`"transaction_id":"t1","at":"2026-03-01T10:00:00.000Z"}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
}

func FuzzOutcome(f *testing.F) {
	f.Add([]byte(`{"outcome":"completed","reward":{"kind":"coins","expires_after":"1h"},"grant":{"hold":"5s"},"at":"2026-03-01T10:00:00.000Z"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := missioncodec.Outcome{}.Decode(b)
		if err != nil {
			return
		}
		if _, err := (missioncodec.Outcome{}).Encode(o); err != nil {
			t.Fatal(err)
		}
	})
}
