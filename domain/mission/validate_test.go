package mission

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/money"
)

func TestValidateExplains(t *testing.T) {
	tests := []struct {
		name   string
		change func(m *Mission)
		want   string // pointer code
	}{
		{"nothing", func(*Mission) {}, ""},
		{"no id", func(m *Mission) { m.ID = "" }, "/id invalid_field"},
		{"bad id", func(m *Mission) { m.ID = "a b" }, "/id invalid_field"},
		{"currency", func(m *Mission) { m.Currency = "RUPEE" }, "/currency invalid_field"},
		{"no such currency", func(m *Mission) { m.Currency = "ZZZ" }, "/currency invalid_field"},
		{"distinct", func(m *Mission) { m.Goal = Goal{Metric: MetricDistinct, Field: "category", Target: 3} }, ""},
		{"distinct attribute", func(m *Mission) { m.Goal = Goal{Metric: MetricDistinct, Field: "attributes.card", Target: 3} }, ""},
		{"distinct what", func(m *Mission) { m.Goal = Goal{Metric: MetricDistinct, Target: 3} }, "/goal/field invalid_field"},
		{"distinct users", func(m *Mission) { m.Goal = Goal{Metric: MetricDistinct, Field: "user_id", Target: 3} }, "/goal/field invalid_field"},
		{"distinct beyond count", func(m *Mission) { m.Goal = Goal{Metric: MetricDistinct, Field: "merchant", Target: 1001} }, "/goal/target invalid_field"},
		{"streak", func(m *Mission) { m.Goal = Goal{Metric: MetricStreak, Target: 3} }, ""},
		{"streak in a week", func(m *Mission) {
			m.Goal, m.Window = Goal{Metric: MetricStreak, Target: 8}, Window{Kind: WindowRecurring, Every: EveryWeek}
		}, "/goal/target invalid_field"},
		{"cap of payments", func(m *Mission) { m.Goal = Goal{Metric: MetricCount, Target: 3, PerEventCap: 2} }, "/goal/per_event_cap invalid_field"},
		{"no metric", func(m *Mission) { m.Goal.Metric = "" }, "/goal/metric invalid_field"},
		{"no target", func(m *Mission) { m.Goal.Target = 0 }, "/goal/target invalid_field"},
		{"negative cap", func(m *Mission) { m.Goal.PerEventCap = -1 }, "/goal/per_event_cap invalid_field"},
		{"largest money", func(m *Mission) {
			m.Goal.Target, m.Goal.PerEventCap, m.Reward.Amount, m.Limits.Budget = money.Max, money.Max, money.Max, money.Max
			m.Limits.MaxWinners = money.MaxTotal / money.Max
			m.Filters = []Filter{where("amount", Lte, num("1125899906842624"))}
		}, ""},
		{"target beyond money", func(m *Mission) { m.Goal.Target = money.Max + 1 }, "/goal/target invalid_field"},
		{"cap beyond money", func(m *Mission) { m.Goal.PerEventCap = money.Max + 1 }, "/goal/per_event_cap invalid_field"},
		{"reward beyond money", func(m *Mission) { m.Reward.Amount = 1<<63 - 1 }, "/reward/amount invalid_field"},
		{"gift card beyond money", func(m *Mission) { m.Reward.Kind, m.Reward.Amount = RewardGiftCard, money.Max+1 }, "/reward/amount invalid_field"},
		{"budget beyond money", func(m *Mission) { m.Limits.Budget = money.Max + 1 }, "/limits/budget invalid_field"},
		{"winners times reward", func(m *Mission) { m.Reward.Amount, m.Limits.MaxWinners = money.Max, money.MaxTotal/money.Max+1 }, "/limits/max_winners invalid_field"},
		{"winners beyond all numbers", func(m *Mission) { m.Limits.MaxWinners = 1<<63 - 1 }, "/limits/max_winners invalid_field"},
		{"filter beyond money", filters(where("amount", Gte, num("1125899906842625"))), "/filters/0/values wrong_type"},
		{"field", func(m *Mission) { m.Goal.Field = "merchant" }, "/goal/field invalid_field"},
		{"recurring", func(m *Mission) { m.Window = Window{Kind: WindowRecurring, Every: "day"} }, ""},
		{"recurring when", func(m *Mission) { m.Window = Window{Kind: WindowRecurring} }, "/window/every invalid_field"},
		{"recurring from", func(m *Mission) { m.Window.Kind, m.Window.Every, m.Window.To = WindowRecurring, "day", "" }, "/window/from invalid_field"},
		{"per user", func(m *Mission) { m.Window = Window{Kind: WindowPerUser, Duration: time.Hour} }, ""},
		{"per user how long", func(m *Mission) { m.Window = Window{Kind: WindowPerUser} }, "/window/duration invalid_field"},
		{"per user since", func(m *Mission) { m.Window = Window{Kind: WindowPerUser, Duration: time.Hour, Start: "birth"} }, "/window/start invalid_field"},
		{"no kind of window", func(m *Mission) { m.Window.Kind = "" }, "/window/kind invalid_field"},
		{"window order", func(m *Mission) { m.Window.To = m.Window.From }, "/window/to invalid_field"},
		{"window text", func(m *Mission) { m.Window.From = "March" }, "/window/from invalid_field"},
		{"no window end", func(m *Mission) { m.Window.To = "" }, "/window/to invalid_field"},
		{"zone", func(m *Mission) { m.TimeZone = "Asia/Nowhere" }, "/time_zone invalid_field"},
		{"local zone", func(m *Mission) { m.TimeZone = "Local" }, "/time_zone invalid_field"},
		{"reward kind", func(m *Mission) { m.Reward.Kind = "boat" }, "/reward/kind invalid_field"},
		{"no coins", func(m *Mission) { m.Reward.Amount = 0 }, "/reward/amount invalid_field"},
		{"grant", func(m *Mission) { m.Grant.Mode = "never" }, "/grant/mode invalid_field"},
		{"hold", func(m *Mission) { m.Grant.Hold = -1 }, "/grant/hold invalid_field"},
		{"opt in", func(m *Mission) { m.Enrolment = OptIn }, ""},
		{"enrolment", func(m *Mission) { m.Enrolment = "ask" }, "/enrolment invalid_field"},
		{"winners", func(m *Mission) { m.Limits.MaxWinners = -5 }, "/limits/max_winners invalid_field"},
		{"budget", func(m *Mission) { m.Limits.Budget = -5 }, "/limits/budget invalid_field"},
		{"completions", func(m *Mission) { m.Limits.CompletionsPerUser = 1001 }, "/limits/completions_per_user invalid_field"},
		{"percent", func(m *Mission) { m.Audience.RolloutPercent = 101 }, "/audience/rollout_percent invalid_field"},
		{"segments", func(m *Mission) { m.Audience.Segments = []string{"new", "a"} }, ""},
		{"segments twice", func(m *Mission) { m.Audience.Segments = []string{"new", "new "} }, "/audience/segments/1 invalid_field"},
		{"segment", func(m *Mission) { m.Audience.Segments = []string{"a b"} }, "/audience/segments/0 invalid_field"},
		{"debt", func(m *Mission) { m.Debt = "none" }, "/debt invalid_field"},
		{"status", func(m *Mission) { m.Status = "live" }, "/status invalid_field"},
		{"unknown field", filters(where("colour", Eq, text("x"))), "/filters/0/id invalid_filter"},
		{"bare attributes", filters(where("attributes.", Eq, text("x"))), "/filters/0/id invalid_filter"},
		{"not with postings", filters(where("latency_ms", Lt, num("5"))), "/filters/0/id invalid_filter"},
		{"unknown operator", filters(where("merchant", "like", text("x"))), "/filters/0/operator invalid_filter"},
		{"order of texts", filters(where("merchant", Gt, text("x"))), "/filters/0/operator wrong_type"},
		{"prefix of amount", filters(where("amount", Prefix, num("1"))), "/filters/0/operator wrong_type"},
		{"text for amount", filters(where("amount", Gte, text("10000"))), "/filters/0/values wrong_type"},
		{"fraction for amount", filters(where("amount", Gte, num("1.5"))), "/filters/0/values wrong_type"},
		{"other currency", filters(where("amount", Gte, Value{Kind: MoneyValue, Text: "1", Currency: "USD"})), "/filters/0/values wrong_type"},
		{"too many places", filters(where("amount", Gte, Value{Kind: MoneyValue, Text: "1.001", Currency: "INR"})), "/filters/0/values wrong_type"},
		{"number for text", filters(where("merchant", In, text("a"), num("5"))), "/filters/0/values/1 wrong_type"},
		{"two for gt", filters(where("amount", Gt, num("1"), num("2"))), "/filters/0/values invalid_filter"},
		{"one for between", filters(where("amount", Between, num("1"))), "/filters/0/values invalid_filter"},
		{"between upside down", filters(where("amount", Between, num("2"), num("1"))), "/filters/0/values invalid_filter"},
		{"no values", filters(where("merchant", In)), "/filters/0/values invalid_filter"},
		{"exists text", filters(where("merchant", Exists, text("yes"))), "/filters/0/values wrong_type"},
		{"time of no unit", filters(where("created_at", Gt, num("1796024"))), "/filters/0/values wrong_type"},
		{"time without a zone", filters(where("created_at", Gt, text("2026-03-01T10:00:00"))), "/filters/0/values wrong_type"},
		{"time", filters(where("created_at", Gt, text("yesterday"))), "/filters/0/values wrong_type"},
		{"attribute order", filters(where("attributes.x", Gt, text("5"))), "/filters/0/values wrong_type"},
		{"empty group", filters(Filter{Any: []Filter{}}), "/filters/0/any invalid_filter"},
		{"nested group", filters(Filter{Any: []Filter{{Any: []Filter{where("merchant", Eq, text("x"))}}}}), "/filters/0/any/0 invalid_filter"},
		{"inside a group", filters(Filter{Any: []Filter{where("merchant", Eq, text("x")), where("amount", Eq, boolean("true"))}}), "/filters/0/any/1/values wrong_type"},
		{"too many", filters(many(65)...), "/filters invalid_filter"},
		{"as many as allowed", filters(many(64)...), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := swiggy()
			tt.change(&m)
			m = Normalize(m)
			var got []string
			for _, p := range Validate(&m) {
				got = append(got, p.Pointer+" "+p.Code)
				if p.Detail == "" {
					t.Error("a problem without words")
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func filters(list ...Filter) func(*Mission) { return func(m *Mission) { m.Filters = list } }

func many(n int) []Filter {
	out := make([]Filter, n)
	for i := range out {
		out[i] = where("merchant", Ne, text(fmt.Sprint("m", i)))
	}
	return out
}
