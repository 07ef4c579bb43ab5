package mission

import (
	"testing"
	"time"
)

func TestBounds(t *testing.T) {
	tests := []struct{ name, zone, from, to, start, end string }{
		{"local dates", "Asia/Kolkata", "2026-03-01", "2026-03-08", "2026-02-28T18:30:00.000Z", "2026-03-07T18:30:00.000Z"},
		{"local times", "Asia/Kolkata", "2026-03-01T18:00", "2026-03-01 20:15:30", "2026-03-01T12:30:00.000Z", "2026-03-01T14:45:30.000Z"},
		{"instants", "Asia/Kolkata", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00.5+02:00", "2026-03-01T00:00:00.000Z", "2026-03-01T22:00:00.500Z"},
		{"a day of 23 hours", "Europe/Berlin", "2026-03-29", "2026-03-30", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"},
		{"a day of 25 hours", "Europe/Berlin", "2026-10-25", "2026-10-26", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"},
		{"stored skipped times", "Europe/Berlin", "2026-03-29T02:30", "2026-03-29T03:45", "2026-03-29T01:30:00.000Z", "2026-03-29T01:45:00.000Z"},
		{"stored doubled times are the earlier ones", "Europe/Berlin", "2026-10-25T02:30", "2026-10-25T03:00", "2026-10-25T00:30:00.000Z", "2026-10-25T02:00:00.000Z"},
		{"beside skipped times", "Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T03:00", "2026-03-29T00:59:59.000Z", "2026-03-29T01:00:00.000Z"},
		{"beside doubled times", "Europe/Berlin", "2026-10-25T01:59:59", "2026-10-25T03:00", "2026-10-24T23:59:59.000Z", "2026-10-25T02:00:00.000Z"},
		{"a doubled time with its offset", "Europe/Berlin", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"},
		{"a midnight that is skipped", "Africa/Cairo", "2026-04-24", "2026-04-25", "2026-04-23T22:00:00.000Z", "2026-04-24T21:00:00.000Z"},
		{"a midnight that is doubled", "America/Havana", "2026-11-01", "2026-11-02", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := swiggy()
			m.TimeZone, m.Window.From, m.Window.To = tt.zone, tt.from, tt.to
			start, end, err := m.Bounds()
			if err != nil || start.String() != tt.start || end.String() != tt.end {
				t.Errorf("[%s, %s) %v, want [%s, %s)", start, end, err, tt.start, tt.end)
			}
		})
	}
}

// A local time that clocks skip or show twice is no single instant: it is refused with what to write instead. A date is
// its first instant.
func TestLocalTimesThatAreNoSingleInstant(t *testing.T) {
	for _, tt := range []struct{ zone, text, want string }{
		{"America/New_York", "2026-03-08T02:30", "clocks in America/New_York skip it: write 2026-03-08T01:59 or 2026-03-08T03:00"},
		{"America/New_York", "2026-03-08 02:00:00", "clocks in America/New_York skip it: write 2026-03-08T01:59 or 2026-03-08T03:00"},
		{"Australia/Lord_Howe", "2026-10-04T02:15", "clocks in Australia/Lord_Howe skip it: write 2026-10-04T01:59 or 2026-10-04T02:30"},
		{"Africa/Cairo", "2026-04-24T00:00", "clocks in Africa/Cairo skip it: write 2026-04-23T23:59 or 2026-04-24T01:00"},
		{"Pacific/Apia", "2011-12-30T10:00", "clocks in Pacific/Apia skip it: write 2011-12-29T23:59 or 2011-12-31T00:00"},
		{"Pacific/Apia", "2011-12-30", "clocks in Pacific/Apia skip it: write 2011-12-29 or 2011-12-31"},
		{"America/New_York", "2026-11-01T01:30", "clocks in America/New_York show it twice: write 2026-11-01T01:30:00-04:00 or 2026-11-01T01:30:00-05:00"},
		{"America/Havana", "2026-11-01T00:00", "clocks in America/Havana show it twice: write 2026-11-01T00:00:00-04:00 or 2026-11-01T00:00:00-05:00"},
		{"America/New_York", "2026-03-08T03:00", ""}, {"America/New_York", "2026-11-01T02:00", ""}, {"America/New_York", "2026-03-08", ""},
		{"Africa/Cairo", "2026-04-24", ""}, {"America/Havana", "2026-11-01", ""}, {"UTC", "2026-03-08T02:30", ""}, {"Africa/Casablanca", "2026-02-15T03:30", ""},
	} {
		m := swiggy()
		m.TimeZone, m.Window.From, m.Window.To = tt.zone, tt.text, "2027-01-01"
		for _, pointer := range []string{"/window/from", "/window/to"} {
			got := ""
			for _, p := range Validate(&m) {
				if p.Pointer == pointer {
					got = p.Detail
				}
			}
			if want := tt.want; want != "" && got != "is no single time: "+want || want == "" && got != "" {
				t.Errorf("%s %s %s: %q, want %q", pointer, tt.zone, tt.text, got, want)
			}
			m.Window.From, m.Window.To = "2000-01-01", tt.text
		}
	}
}

// A mission that was accepted stays, also where a government has moved its clocks since.
func TestStoredMissionsKeepTheirLocalTimes(t *testing.T) {
	m := swiggy()
	m.TimeZone, m.Window.From = "America/New_York", "2026-03-08T02:30"
	m.Window.To = "2026-04-01"
	h := NewHistory(m, at("2026-02-20T00:00:00Z"))
	if _, problems := Compile(&h); problems != nil {
		t.Error(problems)
	}
}

// The term has the years and the zone that the sentence leaves out, so that a typing error in them can be seen.
func TestTermHasYearAndZone(t *testing.T) {
	for want, change := range map[string]func(m *Mission){
		"2026-03-01 to 2026-03-07 Asia/Kolkata":                      func(*Mission) {},
		"2062-03-01 to 2062-03-07 Asia/Kolkata":                      func(m *Mission) { m.Window.From, m.Window.To = "2062-03-01", "2062-03-08" },
		"2026-03-01 Asia/Kolkata":                                    func(m *Mission) { m.Window.To = "2026-03-02" },
		"2026-03-01 18:00 until 2026-03-08 00:00 Asia/Kolkata":       func(m *Mission) { m.Window.From = "2026-03-01T18:00" },
		"2026-03-01 18:00:30 until 2026-03-08 00:00:00 Asia/Kolkata": func(m *Mission) { m.Window.From = "2026-03-01T18:00:30" },
		"2026-03-01 15:30 until 2026-03-08 00:00 Asia/Kolkata":       func(m *Mission) { m.Window.From = "2026-03-01T10:00:00Z" },
		"2026-03-01 to 2026-03-07 UTC":                               func(m *Mission) { m.TimeZone = "UTC" },
		"each week Asia/Kolkata":                                     func(m *Mission) { m.Window = Window{Kind: WindowRecurring, Every: EveryWeek} },
		"within 7 days of the first payment": func(m *Mission) {
			m.Window = Window{Kind: WindowPerUser, Duration: 7 * 24 * time.Hour, Start: startFirstPayment}
		},
	} {
		m := swiggy()
		change(&m)
		m = Normalize(m)
		if problems := Validate(&m); problems != nil {
			t.Fatalf("%s: %v", want, problems)
		}
		if got := Term(&m); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestSentence(t *testing.T) {
	tests := []struct {
		want   string
		change func(m *Mission)
	}{
		{"Spend ₹500.00 at swiggy from 1 to 7 March, win 100 coins", func(*Mission) {}},
		{"Spend ₹500.00 at swiggy on 1 March, win 100 coins", func(m *Mission) { m.Window.To = "2026-03-02" }},
		{"Spend ₹500.00 at swiggy from 28 February to 7 March, win 100 coins", func(m *Mission) { m.Window.From = "2026-02-28" }},
		{"Spend ₹500.00 at swiggy from 28 December 2025 to 7 March 2026, win 100 coins", func(m *Mission) { m.Window.From = "2025-12-28" }},
		{"Spend ₹500.00 at swiggy from 1 March 18:00 until 8 March 00:00, win 100 coins", func(m *Mission) { m.Window.From = "2026-03-01T18:00" }},
		{"Make 3 payments by upi from 1 to 7 March, win ₹50.00 in cash, up to 2 times", func(m *Mission) {
			m.Goal = Goal{Metric: MetricCount, Target: 3}
			m.Filters = []Filter{where("mode", Eq, text("upi"))}
			m.Reward = Reward{Kind: RewardCash, Amount: 5000}
			m.Limits.CompletionsPerUser = 2
		}},
		{"Make 1 payment of at least ₹100.00 from 1 to 7 March, win 1 coin, every time", func(m *Mission) {
			m.Goal = Goal{Metric: MetricCount, Target: 1}
			m.Filters = []Filter{where("amount", Gte, num("10000"))}
			m.Reward.Amount = 1
			m.Limits.CompletionsPerUser = 0
		}},
		{"Spend ₹500.00 at swiggy or on food or with card famcard from 1 to 7 March, at most ₹200.00 counted a payment, win a gift card of ₹100.00", func(m *Mission) {
			m.Filters = []Filter{{Any: []Filter{where("merchant", Eq, text("swiggy")), where("category", Eq, text("food")), where("attributes.card", Eq, text("famcard"))}}}
			m.Goal.PerEventCap = 20000
			m.Reward = Reward{Kind: RewardGiftCard, Amount: 10000}
		}},
		{`Spend ₹500.00 with card " 42", 42, "42\u200b" or "4\t2" with "my  card" 1 from 1 to 7 March, win 100 coins`, func(m *Mission) {
			m.Filters = []Filter{where("attributes.card", In, text(" 42"), text("42"), text("42\u200b"), text("4\t2")), where("attributes.my  card", Eq, text("1"))}
		}},
		{"Spend ¥50000 not at a, b, c or 2 others with an upi app from 1 to 7 March, win a scratch card", func(m *Mission) {
			m.Currency = "JPY"
			m.Filters = []Filter{where("merchant", Nin, text("a"), text("b"), text("c"), text("d"), text("e")), where("attributes.upi_app", Exists)}
			m.Reward = Reward{Kind: RewardScratchCard}
		}},
	}
	goal := func(metric, field string, target int64) func(m *Mission) {
		return func(m *Mission) { m.Goal, m.Filters = Goal{Metric: metric, Field: field, Target: target}, nil }
	}
	window := func(w Window, enrolment string) func(m *Mission) {
		return func(m *Mission) { m.Window, m.Enrolment = w, enrolment }
	}
	for want, change := range map[string]func(m *Mission){
		"Pay at 3 different merchants from 1 to 7 March, win 100 coins":  goal(MetricDistinct, "merchant", 3),
		"Pay on 2 different categories from 1 to 7 March, win 100 coins": goal(MetricDistinct, "category", 2),
		"Pay with 2 different upi apps from 1 to 7 March, win 100 coins": goal(MetricDistinct, "attributes.upi_app", 2),
		"Pay by 1 different mode from 1 to 7 March, win 100 coins":       goal(MetricDistinct, "mode", 1),
		"Pay on 3 days in a row from 1 to 7 March, win 100 coins":        goal(MetricStreak, "", 3),
		"Pay at least ₹100.00 on 3 different categories at swiggy from 1 to 7 March, win 100 coins": func(m *Mission) {
			m.Goal = Goal{Metric: MetricDistinct, Field: "category", Target: 3}
		},
		"Pay at least ₹100.00 on 3 days in a row at swiggy from 1 to 7 March, win 100 coins": func(m *Mission) { m.Goal = Goal{Metric: MetricStreak, Target: 3} },
		"Make a payment of at least ₹100.00 at swiggy from 1 to 7 March, win 100 coins":      func(m *Mission) { m.Goal = Goal{Metric: MetricStreak, Target: 1} },
		"Make a payment from 1 to 7 March, win 100 coins":                                    goal(MetricStreak, "", 1),
		"Spend ₹500.00 at swiggy each week, win 100 coins":                                   window(Window{Kind: WindowRecurring, Every: EveryWeek}, AutomaticEnrolment),
		"Spend ₹500.00 at swiggy within 7 days of enrolment, win 100 coins":                  window(Window{Kind: WindowPerUser, Duration: 168 * time.Hour}, OptIn),
		"Spend ₹500.00 at swiggy within 36 hours of the first payment, win 100 coins":        window(Window{Kind: WindowPerUser, Duration: 36 * time.Hour}, AutomaticEnrolment),
		"Spend ₹500.00 at swiggy within 90 minutes of the first payment, win 100 coins":      window(Window{Kind: WindowPerUser, Duration: 90 * time.Minute, Start: startFirstPayment}, OptIn),
		"Spend ₹500.00 at swiggy within 1 second of the first payment, win 100 coins":        window(Window{Kind: WindowPerUser, Duration: time.Second, Start: startFirstPayment}, OptIn),
	} {
		tests = append(tests, struct {
			want   string
			change func(m *Mission)
		}{want, change})
	}
	for _, tt := range tests {
		m := swiggy()
		tt.change(&m)
		m = Normalize(m)
		if problems := Validate(&m); problems != nil {
			t.Errorf("%s: %v", tt.want, problems)
		}
		if got := Sentence(&m); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	m := swiggy()
	if got := Conditions(&m); len(got) != 2 || got[0] != "only payments of at least ₹100.00" || got[1] != "only payments at swiggy" {
		t.Error(got)
	}
}
