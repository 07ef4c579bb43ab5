package instant

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	const want = Milli(1_772_359_201_250) // 2026-03-01T10:00:01.250Z
	whole := want - 250
	for text, at := range map[string]Milli{
		"2026-03-01T10:00:01.250Z": want, "2026-03-01t10:00:01.250z": want, "2026-03-01 10:00:01.25Z": want, "2026-03-01T15:30:01.2509+05:30": want,
		"2026-03-02T09:59:01.25+23:59": want, "1772359201": whole, "1772359201.25": want, "1772359201.250999": want, "1772359201250": want, "1772359201250.9": want,
		"1772359201250999": want, "1772359201250999999": want,
		"946684800": Earliest, "4102444799.999": Latest - 1, "946684800000": Earliest, "4102444799999999999": Latest - 1,
		"2016-12-31T23:59:60Z": 1_483_228_800_000, "2017-01-01T05:29:60.9+05:30": 1_483_228_800_000,
		"9999-12-31T23:59:59Z": 253_402_300_799_000, "1970-01-21T18:53:44Z": 1_796_024_000, "2000-02-29T00:00:00Z": Earliest + 59*24*3_600_000,
	} {
		if got, err := Parse(text); err != nil || got != at {
			t.Errorf("%s: %s (%d), %v, want %s", text, got, int64(got), err, at)
		}
	}
	for text, want := range map[string]error{
		"": errNoTime, "noon": errNoTime, "2026-03-01": errNoTime, "2026-02-29T10:00:00Z": errNoTime, "2026-03-01T10:00:60Z": errNoTime,
		"2026-03-01T10:00Z": errNoTime, "2026-03-01T10:00:00,5Z": errNoTime, "2026-03-01T10:00:00,5+05:30": errNoTime, "2026-03-01T10:00:00+24:00": errNoTime,
		"2026-03-01T10:00:00-24:00": errNoTime, "2026-03-01T10:00:00+05:60": errNoTime, "2016-12-31T23:59:60,5Z": errNoTime, "10:00:00": errNoTime, "١٧٧٢٣٥٩٢٠١": errNoTime, "0x69a4": errNoTime, " 1772359201": errNoTime,
		"2026-03-01T10:00:00": errNoZone, "2026-03-01 10:00:00.5": errNoZone,
		"0": errEpoch, "-1": errEpoch, "-1772359201": errEpoch, "1796024": errEpoch, "946684799": errEpoch, "4102444800": errEpoch, "94668480000": errEpoch,
		"1.772359201e9": errEpoch, "17723592012509999999": errEpoch, "9223372036854775807": errEpoch, "1772359201.2.5": errEpoch, "20260301100000": errEpoch,
	} {
		if got, err := Parse(text); !errors.Is(err, want) {
			t.Errorf("%q: %s, %v, want %v", text, got, err, want)
		}
	}
}

// A time from 2000 to 2099 comes out the same in every unit, and no other number is a time.
func TestParseUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.Int64Range(int64(Earliest), int64(Latest)-1).Draw(t, "at")
		for _, text := range []string{
			fmt.Sprintf("%d.%03d", at/1000, at%1000), fmt.Sprint(at), fmt.Sprint(at * 1000), fmt.Sprint(at * 1_000_000),
			time.UnixMilli(at).UTC().Format(time.RFC3339Nano),
		} {
			if got, err := Parse(text); err != nil || int64(got) != at {
				t.Fatalf("%s: %d, %v, want %d", text, int64(got), err, at)
			}
		}
		n := rapid.Int64().Draw(t, "n")
		got, err := Parse(fmt.Sprint(n))
		plausible := 0
		for unit := int64(1); unit <= 1_000_000_000; unit *= 1000 {
			if s := n / unit; n > 0 && s >= int64(Earliest)/1000 && s < int64(Latest)/1000 {
				plausible++
			}
		}
		if (err == nil) != (plausible == 1) || plausible > 1 {
			t.Fatalf("%d: %s, %v; plausible in %d units", n, got, err, plausible)
		}
	})
}
