package codecs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/reward"
)

func wordsOf[T interface {
	~uint8
	fmt.Stringer
}](first T) (out []string) {
	for v := first; v.String() != "" && int(v) < 64; v++ {
		out = append(out, v.String())
	}
	return out
}

func texts[T ~string](values ...T) (out []string) {
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

// The words that forms name are those of the domain.
func TestFormsNameTheWordsOfTheDomain(t *testing.T) {
	statuses := wordsOf(payment.Pending)
	states := texts(reward.Reserved, reward.Pending, reward.Claimable, reward.Granting, reward.Granted, reward.Redeemed, reward.Expired, reward.Cancelled,
		reward.ClawedBack, reward.Exhausted, reward.Failed)
	kinds := []string{mission.RewardCoins, mission.RewardCash, mission.RewardGiftCard, mission.RewardScratchCard, mission.RewardCustom}
	debts := []string{mission.DebtNegative, mission.DebtFloor}
	for _, c := range []struct {
		form  Form
		field string
		words []string
	}{
		{formOf[PaymentEvent](), "type", []string{payment.Payment.String()}},
		{formOf[PaymentEvent](), "status", statuses},
		{formOf[ReversalEvent](), "type", []string{payment.Reversal.String()}},
		{formOf[ReversalEvent](), "status", append(slices.Clone(statuses), "")},
		{formOf[journalRecord](), "type", wordsOf(payment.Payment)},
		{formOf[journalRecord](), "verdict", wordsOf(ledger.Applied)},
		{formOf[outcomeDoc](), "outcome", texts(mission.Completed, mission.Revoked)},
		{formOf[outcomeDoc](), "debt", debts},
		{formOf[noticeDoc](), "type", []string{noticeReward}},
		{formOf[noticeDoc](), "kind", kinds},
		{formOf[noticeDoc](), "state", states},
		{formOf[noticeDoc](), "previous", states},
		{formOf[catalogEventDoc](), "kind", texts(catalog.KindMission, catalog.KindOverride, catalog.KindMaintenance, catalog.KindFreeze, catalog.KindHealthSetting,
			catalog.KindBrand, catalog.KindAd, catalog.KindPool, catalog.KindRewardTemplate)},
		{formOf[catalogEventDoc](), "verdict", texts(catalog.Applied, catalog.Unchanged, catalog.Refused)},
		{formOf[statusJSON](), "state", wordsOf(health.Up)},
		{formOf[statusJSON](), "previous_state", wordsOf(health.Up)},
		{formOf[DowntimeJSON](), "severity", wordsOf(health.Low)},
		{formOf[DowntimeJSON](), "status", wordsOf(health.Scheduled)},
		{formOf[DowntimeReasonJSON](), "code", wordsOf(health.ByRate)},
		{MissionForm(), "enrolment", []string{mission.AutomaticEnrolment, mission.OptIn}},
		{MissionForm(), "debt", debts},
		{MissionForm(), "status", texts(mission.Draft, mission.Scheduled, mission.Active, mission.Paused, mission.Ended, mission.Archived)},
		{formOf[goalDoc](), "metric", []string{mission.MetricAmount, mission.MetricCount, mission.MetricDistinct, mission.MetricStreak}},
		{formOf[filterDoc](), "operator", texts(mission.Operators()...)},
		{formOf[windowDoc](), "kind", []string{mission.WindowFixed, mission.WindowRecurring, mission.WindowPerUser}},
		{formOf[windowDoc](), "every", []string{mission.EveryDay, mission.EveryWeek, mission.EveryMonth}},
		{formOf[windowDoc](), "start", []string{mission.StartEnrolment, mission.StartFirstPayment}},
		{formOf[rewardDoc](), "kind", kinds},
		{formOf[grantDoc](), "mode", []string{mission.GrantAuto, mission.GrantClaim}},
		{formOf[limitsDoc](), "over_budget", []string{mission.OverBudgetReject, mission.OverBudgetTruncate}},
	} {
		tag, found := enumOf(c.form, c.field)
		got := strings.Split(tag, ",")
		slices.Sort(got)
		slices.Sort(c.words)
		if !found || !slices.Equal(got, c.words) {
			t.Errorf("%s.%s names %v, the domain has %v", c.form.Name(), c.field, got, c.words)
		}
	}
}

func enumOf(form Form, field string) (string, bool) {
	for _, f := range reflect.VisibleFields(form) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == field {
			return f.Tag.Get("enum"), true
		}
	}
	return "", false
}
