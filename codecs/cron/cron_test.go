package cron_test

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/codecs/cron"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

// expression is a cron expression, and what it means: of a time on the wall.
type expression struct {
	cron  string
	means func(wall time.Time) bool
	// interval: it names no hour.
	interval bool
}

func expressions() []expression {
	at := func(hour, minute int) func(time.Time) bool {
		return func(w time.Time) bool { return w.Hour() == hour && w.Minute() == minute }
	}
	return []expression{
		{"30 2 * * *", at(2, 30), false},
		{"0 0 * * *", at(0, 0), false},
		{"15,45 1-3 * * *", func(w time.Time) bool { return w.Hour() >= 1 && w.Hour() <= 3 && w.Minute()%30 == 15 }, false},
		{"0 */2 * * *", func(w time.Time) bool { return w.Hour()%2 == 0 && w.Minute() == 0 }, false},
		{"10 1 * * sun", func(w time.Time) bool { return w.Weekday() == time.Sunday && at(1, 10)(w) }, false},
		{"*/15 * * * *", func(w time.Time) bool { return w.Minute()%15 == 0 }, true},
		{"5 * * * *", func(w time.Time) bool { return w.Minute() == 5 }, true},
		{"0 * 30,31 * *", func(w time.Time) bool { return w.Day() >= 30 && w.Minute() == 0 }, true},
	}
}

// changes are days on which clocks change, by zone: by an hour, by half an hour, at midnight, and by a whole day.
func changes() map[string][]string {
	return map[string][]string{
		"Europe/Berlin": {"2026-03-29", "2026-10-25"}, "America/New_York": {"2026-03-08", "2026-11-01"},
		"Australia/Lord_Howe": {"2026-04-05", "2026-10-04"}, "America/Sao_Paulo": {"2018-11-04", "2019-02-17"},
		"Pacific/Apia": {"2011-12-30", "2012-04-01"}, "Asia/Kolkata": {"2026-03-29"}, "UTC": {"2026-03-29"},
	}
}

// fires is the dumb model: it looks at every minute from the one after from on.
func (e expression) fires(zone *time.Location, from, to time.Time) (out []instant.Milli) {
	wall := func(t time.Time) time.Time {
		t = t.In(zone)
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
	}
	latest := wall(from)
	for t := from.Add(time.Minute); !t.After(to); t = t.Add(time.Minute) {
		now, hit := wall(t), false
		switch {
		case e.interval:
			hit = e.means(now)
		default:
			for w := latest.Add(time.Minute); !w.After(now); w = w.Add(time.Minute) { // also those that are skipped
				hit = hit || e.means(w)
			}
		}
		if latest.Before(now) {
			latest = now
		}
		if hit {
			out = append(out, instant.Of(t))
		}
	}
	return out
}

func TestSchedulesAgreeWithTheWall(t *testing.T) {
	for name, days := range changes() {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range days {
			middle, err := time.Parse(time.DateOnly, day)
			if err != nil {
				t.Fatal(err)
			}
			from, to := middle.Add(-48*time.Hour), middle.Add(72*time.Hour)
			for _, e := range expressions() {
				s, err := cron.Parse(task.Spec{Cron: e.cron, Zone: name})
				if err != nil {
					t.Fatal(err)
				}
				want := e.fires(zone, from, to)
				var got []instant.Milli
				for at := s.Next(instant.Of(from)); at != 0 && at <= instant.Of(to); at = s.Next(at) {
					got = append(got, at)
				}
				if len(got) != len(want) {
					t.Fatalf("%s in %s about %s: %d fires, want %d\n%v\n%v", e.cron, name, day, len(got), len(want), got, want)
				}
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("%s in %s about %s: %s, want %s", e.cron, name, day, got[i], want[i])
					}
				}
				// asked from any time, it is the first one after it
				next := 0
				for at := from; at.Before(to); at = at.Add(7 * time.Minute) {
					for next < len(want) && want[next] <= instant.Of(at) {
						next++
					}
					if next < len(want) && s.Next(instant.Of(at)) != want[next] {
						t.Errorf("%s in %s after %s: %s, want %s", e.cron, name, at, s.Next(instant.Of(at)), want[next])
					}
				}
			}
		}
	}
}

func TestDaysOf23And25Hours(t *testing.T) {
	for zone, want := range map[string][2]string{
		"Europe/Berlin":    {"2026-03-29T01:00:00.000Z", "2026-10-25T00:30:00.000Z"},
		"America/New_York": {"2026-03-08T07:00:00.000Z", "2026-03-09T06:30:00.000Z"},
	} {
		s, err := cron.Parse(task.Spec{Cron: "30 2 * * *", Zone: zone})
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range want {
			parsed, err := instant.Parse(at)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Next(parsed - 1); got != parsed {
				t.Errorf("%s: %s, want %s", zone, got, at)
			}
		}
	}
}

func TestParseSaysWhatToWrite(t *testing.T) {
	for _, c := range []struct{ cron, zone, want string }{
		{"30 2 * *", "UTC", "write five fields"},
		{"0 30 2 * * *", "UTC", "write five fields"},
		{"@daily", "UTC", "write five fields"},
		{"TZ=UTC 2 * * *", "UTC", "write five fields"},
		{"60 2 * * *", "UTC", "above maximum (59)"},
		{"30 2 * * 7", "UTC", "above maximum (6)"},
		{"30 2 30 feb *", "UTC", "never fires"},
		{"30 2 * * *", "Europe/Berln", "did you mean Europe/Berlin?"},
		{"30 2 * * *", "Local", "no IANA time zone"},
		{"30 2 * * *", "", "no IANA time zone"},
	} {
		_, err := cron.Parse(task.Spec{Cron: c.cron, Zone: c.zone})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q in %q: %v, want %q", c.cron, c.zone, err, c.want)
		}
	}
}

// FuzzParse finds no expression that panics, or whose next fire is not in the future.
func FuzzParse(f *testing.F) {
	f.Add("*/5 1-3 1,15 jan-mar sun", "Europe/Berlin", int64(1_772_366_400_000))
	f.Add("0 0 29 2 *", "America/Sao_Paulo", int64(0))
	f.Fuzz(func(t *testing.T, expression, zone string, at int64) {
		s, err := cron.Parse(task.Spec{Cron: expression, Zone: zone})
		if err != nil {
			return
		}
		from := instant.Milli(min(max(at, 0), 4_000_000_000_000))
		if next := s.Next(from); next != 0 && next <= from {
			t.Errorf("%q in %q after %s: %s", expression, zone, from, next)
		}
	})
}
