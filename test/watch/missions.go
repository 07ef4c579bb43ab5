package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	missioncodec "github.com/millrace/millrace/codecs/mission"

	entity "github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// missionFaults are those of missions, rewards and the audit, in order. They need the demo's traffic.
func missionFaults() []fault {
	return []fault{
		{
			name: "a mission gives away its budget, and the worker that is to have paid what another promises is gone", cause: giveaway, lasts: true,
			alerts: []string{`MillraceBudgetNearlySpent{mission="watch-coins",currency="coins"}`,
				`MillraceRewardsWaiting{kind="cash"}`, `MillraceTasksLate{kind="reward_payout"}`,
				`MillraceWorkerGone{kind="reward_payout"}`},
		},
		{
			name: "the provider answers, and refuses two of three", cause: refusals,
			alerts: []string{`MillraceProviderFails{kind="cash"}`},
		},
		{
			name: "a stranger writes 7 bytes into postings", cause: unreadable, lasts: true,
			alerts: []string{"MillraceUnreadableRecords"},
		},
		{
			name: "the server hangs, and records that it was to audit are deleted", cause: serverHangs,
			alerts: []string{"MillraceAuditNotRunning", "MillraceAuditRestarted"},
		},
	}
}

// given are missions that every payment of the run completes. The first has a budget that lasts for 200 of them, the
// second asks a provider.
const given = `[
  {"id":"watch-coins","currency":"INR","goal":{"metric":"count","target":1},"window":{"kind":"fixed","from":%[1]q,"to":%[2]q},"time_zone":"UTC",
   "reward":{"kind":"coins","amount":10},"limits":{"completions_per_user":1000,"budget":2000,"over_budget":"reject"},"status":"active"},
  {"id":"watch-cash","currency":"INR","goal":{"metric":"count","target":1},"window":{"kind":"fixed","from":%[1]q,"to":%[2]q},"time_zone":"UTC",
   "reward":{"kind":"cash","amount":100},"limits":{"completions_per_user":1000,"max_winners":100000},"status":"active"},
  {"id":"watch-claim","currency":"INR","goal":{"metric":"count","target":1},"window":{"kind":"fixed","from":%[1]q,"to":%[2]q},"time_zone":"UTC",
   "reward":{"kind":"coins","amount":1},"grant":{"mode":"claim"},"limits":{"completions_per_user":1,"budget":1000000,"over_budget":"reject"},"status":"active"}
]`

func givenMissions(now time.Time) ([]mission.Mission, error) {
	day := func(d time.Duration) string { return now.UTC().Add(d).Format(time.DateOnly) }
	return missioncodec.ParseAll(strings.NewReader(fmt.Sprintf(given, day(-48*time.Hour), day(48*time.Hour))))
}

func giveaway(ctx context.Context, w *watcher) (undo, error) {
	w.workers[payer].Stop()
	list, err := givenMissions(time.Now())
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		c := entity.NewPut("put-"+m.ID, "watch", instant.Of(time.Now()), entity.NewMission(m))
		value, err := catalogcodec.Command{}.Encode(c)
		if err != nil {
			return nil, err
		}
		if err := w.produce(ctx, w.client, w.topology.CatalogCommands.Name, c.Key(), value); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func unreadable(ctx context.Context, w *watcher) (undo, error) {
	return nil, w.produce(ctx, w.client, w.topology.Postings.Name, "watch", []byte("7 bytes"))
}

// serverHangs holds the server until nobody audits, and deletes what the ledger has written into its journal meanwhile.
func serverHangs(ctx context.Context, w *watcher) (undo, error) {
	if !w.workers[server].Freeze() {
		return nil, errors.New("it did not run")
	}
	back := func(ctx context.Context) error {
		if !w.workers[server].Thaw() {
			return errors.New("it was not frozen any more")
		}
		return w.healthy(ctx, server)
	}
	waiting, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := until(waiting, func() error {
		if err := w.poll(waiting); err != nil {
			return err
		}
		if !w.hasFired("MillraceAuditNotRunning") {
			return errors.New("the audit is not missed")
		}
		return nil
	}); err != nil {
		return back, err
	}
	admin := kadm.NewClient(w.client)
	ends, err := admin.ListEndOffsets(ctx, w.topology.Journal.Name)
	if err == nil {
		_, err = admin.DeleteRecords(ctx, ends.Offsets())
	}
	return nil, errors.Join(err, back(ctx))
}
