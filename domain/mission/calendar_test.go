package mission

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Each line is a zone, how often, a time, and the window around it: what calendars of those places say.
func TestInstances(t *testing.T) {
	tests := []struct{ name, zone, every, at, start, end string }{
		{"a day", "UTC", EveryDay, "2026-03-01T10:00:00Z", "2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z"},
		{"its first instant", "UTC", EveryDay, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00.000Z", "2026-03-03T00:00:00.000Z"},
		{"half an hour off", "Asia/Kolkata", EveryDay, "2026-03-01T18:29:59.999Z", "2026-02-28T18:30:00.000Z", "2026-03-01T18:30:00.000Z"},
		{"the next day there", "Asia/Kolkata", EveryDay, "2026-03-01T18:30:00Z", "2026-03-01T18:30:00.000Z", "2026-03-02T18:30:00.000Z"},
		{"23 hours", "Europe/Berlin", EveryDay, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"},
		{"25 hours", "Europe/Berlin", EveryDay, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"},
		{"no midnight", "America/Sao_Paulo", EveryDay, "2018-11-04T12:00:00Z", "2018-11-04T03:00:00.000Z", "2018-11-05T02:00:00.000Z"},
		{"the day before it", "America/Sao_Paulo", EveryDay, "2018-11-04T02:59:59.999Z", "2018-11-03T03:00:00.000Z", "2018-11-04T03:00:00.000Z"},
		{"11 pm twice", "America/Sao_Paulo", EveryDay, "2018-02-18T02:30:00Z", "2018-02-17T02:00:00.000Z", "2018-02-18T03:00:00.000Z"},
		{"midnight twice", "America/Havana", EveryDay, "2026-11-01T05:30:00Z", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"},
		{"back across midnight", "America/St_Johns", EveryDay, "2010-11-07T03:00:00Z", "2010-11-07T02:30:00.000Z", "2010-11-08T03:30:00.000Z"},
		{"before the day left out", "Pacific/Apia", EveryDay, "2011-12-30T09:59:59.999Z", "2011-12-29T10:00:00.000Z", "2011-12-30T10:00:00.000Z"},
		{"after the day left out", "Pacific/Apia", EveryDay, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00.000Z", "2011-12-31T10:00:00.000Z"},
		{"a leap day", "UTC", EveryDay, "2028-02-29T23:59:59Z", "2028-02-29T00:00:00.000Z", "2028-03-01T00:00:00.000Z"},

		{"a week from Monday", "UTC", EveryWeek, "2026-03-01T23:00:00Z", "2026-02-23T00:00:00.000Z", "2026-03-02T00:00:00.000Z"},
		{"Monday itself", "UTC", EveryWeek, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00.000Z", "2026-03-09T00:00:00.000Z"},
		{"over new year", "Asia/Kolkata", EveryWeek, "2026-01-01T12:00:00Z", "2025-12-28T18:30:00.000Z", "2026-01-04T18:30:00.000Z"},
		{"a week of 167 hours", "Europe/Berlin", EveryWeek, "2026-03-25T12:00:00Z", "2026-03-22T23:00:00.000Z", "2026-03-29T22:00:00.000Z"},
		{"a week of six days", "Pacific/Apia", EveryWeek, "2011-12-31T12:00:00Z", "2011-12-26T10:00:00.000Z", "2012-01-01T10:00:00.000Z"},
		{"before 1970", "UTC", EveryWeek, "1969-12-31T12:00:00Z", "1969-12-29T00:00:00.000Z", "1970-01-05T00:00:00.000Z"},

		{"a month", "UTC", EveryMonth, "2026-01-31T23:59:59.999Z", "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"},
		{"February", "UTC", EveryMonth, "2026-02-28T12:00:00Z", "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"},
		{"a leap year's", "Asia/Kolkata", EveryMonth, "2028-02-29T12:00:00Z", "2028-01-31T18:30:00.000Z", "2028-02-29T18:30:00.000Z"},
		{"December", "America/Sao_Paulo", EveryMonth, "2018-12-15T12:00:00Z", "2018-12-01T02:00:00.000Z", "2019-01-01T02:00:00.000Z"},
		{"with a change of clocks", "Europe/Berlin", EveryMonth, "2026-03-15T12:00:00Z", "2026-02-28T23:00:00.000Z", "2026-03-31T22:00:00.000Z"},
		{"without its last day but one", "Pacific/Apia", EveryMonth, "2011-12-31T00:00:00Z", "2011-12-01T10:00:00.000Z", "2011-12-31T10:00:00.000Z"},
	}
	for _, tt := range tests {
		zone, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		got := calendar{zone}.instance(tt.every, at(tt.at))
		if got.start.String() != tt.start || got.end.String() != tt.end {
			t.Errorf("%s: [%s, %s), want [%s, %s)", tt.name, got.start, got.end, tt.start, tt.end)
		}
	}
}

// Every instant lies in one day, week and month, and they follow each other without a gap, wherever clocks are changed.
func TestCalendarsHaveNoGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom([]string{
			"UTC", "Asia/Kolkata", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "America/St_Johns", "Pacific/Apia", "Africa/Cairo",
			"Asia/Tehran", "Asia/Beirut", "America/Godthab", "Antarctica/Troll", "Australia/Lord_Howe",
		}).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		k := calendar{zone}
		// Times around midnights, from 1990 to 2035.
		x := instant.Milli(rapid.Int64Range(631_152_000/1800, 2_051_222_400/1800).Draw(t, "half hours")*1_800_000 + rapid.Int64Range(-1, 1).Draw(t, "ms"))
		for _, every := range []string{EveryDay, EveryWeek, EveryMonth} {
			w := k.instance(every, x)
			if !w.contains(x) || k.instance(every, w.start) != w || k.instance(every, w.end-1) != w || k.instance(every, w.end).start != w.end {
				t.Fatalf("%s: %s lies in [%s, %s)", every, x, w.start, w.end)
			}
		}
		if n := k.day(x); !k.adjacent(n, k.day(k.start(n+1))) {
			t.Fatalf("the days of %s and %s do not follow each other", x, k.start(n+1))
		}
	})
}

func TestStreaks(t *testing.T) {
	tests := []struct {
		name, zone string
		want       int64
		paid       []string
	}{
		{"none", "UTC", 0, nil},
		{"one day twice", "UTC", 1, []string{"2026-03-01T00:00:00Z", "2026-03-01T23:59:59Z"}},
		{"two and three", "UTC", 3, []string{"2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z", "2026-03-04T12:00:00Z", "2026-03-06T12:00:00Z", "2026-03-05T12:00:00Z"}},
		{"one day in Kolkata, two in UTC", "Asia/Kolkata", 1, []string{"2026-03-01T20:00:00Z", "2026-03-02T10:00:00Z"}},
		{"over a month's end in a leap year", "UTC", 3, []string{"2028-02-28T12:00:00Z", "2028-02-29T12:00:00Z", "2028-03-01T12:00:00Z"}},
		{"and in another", "UTC", 2, []string{"2026-02-28T12:00:00Z", "2026-03-01T12:00:00Z"}},
		{"over new year", "UTC", 2, []string{"2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"}},
		{"over a day of 23 hours", "Europe/Berlin", 3, []string{"2026-03-28T22:59:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"}},
		{"over a day that never was", "Pacific/Apia", 3, []string{"2011-12-28T12:00:00Z", "2011-12-29T12:00:00Z", "2011-12-30T12:00:00Z"}},
	}
	for _, tt := range tests {
		m := everything("m", MetricStreak, 2)
		m.Window.From, m.Window.To, m.TimeZone = "2000-01-01", "2030-01-01", tt.zone
		s := snapshot(t, m)
		var row *UserRow
		for i, when := range tt.paid {
			row, _ = fold(row, s, settled(facts(string(rune('a'+i)), 1, when)))
		}
		v := progress(t, row, s, "m")
		if v.Progress != tt.want || v.Completions != min(tt.want/2, 1) {
			t.Errorf("%s: %d days, %d completions", tt.name, v.Progress, v.Completions)
		}
	}
}

// What finds no room does not count, and its reversal takes nothing away.
func TestValuesAreBounded(t *testing.T) {
	m := everything("m", MetricDistinct, 2)
	m.Goal.Field = "merchant"
	c := compiled(t, m).At(0)
	tally := &Tally{}
	pay := func(i int, before, after int64) bool {
		f := facts("t", 1, "2026-03-02T00:00:00Z")
		f.Labels[payment.Merchant] = fmt.Sprint("shop-", i)
		return tally.add(c.contribution(&f, before, after), true)
	}
	for i := range MaxDistinct + 5 {
		if pay(i, 0, 1) != (i < MaxDistinct) {
			t.Fatal(i)
		}
	}
	if pay(MaxDistinct+1, 1, 0); c.Progress(tally).Int64() != MaxDistinct {
		t.Errorf("%d values", c.Progress(tally).Int64())
	}
	if pay(3, 1, 0); c.Progress(tally).Int64() != MaxDistinct-1 {
		t.Errorf("%d values", c.Progress(tally).Int64())
	}
}
