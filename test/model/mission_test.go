package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/oracle"
)

// at reads an RFC 3339 time.
func at(t *testing.T, text string) instant.Milli {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant.Of(when)
}

// story is what happened to user u and mission m: lines of
//
//	pay TIME AMOUNT MERCHANT | refund N | enrol TIME | withdraw TIME | segments TIME NAMES | version FROM JSON | pause FROM TO | end TIME
//
// where refund takes back all of the Nth payment.
func story(t *testing.T, definition string, lines ...string) map[oracle.ProgressKey]oracle.Progress {
	t.Helper()
	m := oracle.Mission{Definition: define(t, definition)}
	var events []payment.Event
	var records []func(*Fold) error
	for i, line := range lines {
		verb, rest, _ := strings.Cut(line, " ")
		words := strings.Fields(rest)
		switch verb {
		case "pay":
			e := pay(fmt.Sprint("e", i), payment.Success, 0, 0)
			e.CreatedAt, e.TransactionID = at(t, words[0]), fmt.Sprint("t", len(events)+1)
			e.UpdatedAt = e.CreatedAt
			_, _ = fmt.Sscan(words[1], &e.AmountMinor)
			e.Labels[payment.Merchant] = strings.Join(words[2:], "")
			events = append(events, e)
		case "refund":
			e := reverse(fmt.Sprint("e", i), "r", payment.Success, 0, 0)
			e.TransactionID = "t" + words[0]
			events = append(events, e)
		case "enrol", "withdraw":
			records = append(records, enrolment(t, mission.EnrolmentOp(verb), at(t, words[0])))
		case "segments":
			records = append(records, segments(t, at(t, words[0]), words[1:]))
		case "version":
			m.Later = append(m.Later, oracle.Version{Definition: define(t, strings.Join(words[1:], " ")), From: at(t, words[0])})
		case "pause":
			m.Pauses = append(m.Pauses, oracle.Span{From: at(t, words[0]), To: at(t, words[1])})
		case "end":
			m.EndedAt = at(t, words[0])
		default:
			t.Fatal(line)
		}
	}
	f, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, take := range records {
		if err := take(f); err != nil {
			t.Fatal(err)
		}
	}
	l := &log{t: t, fold: f}
	for _, e := range events {
		l.add(e)
	}
	r := f.Result()
	if len(r.DeadLetters) > 0 {
		t.Fatal(r.DeadLetters)
	}
	return r.Progress
}

// define completes a definition with what most have.
func define(t *testing.T, text string) (d oracle.Definition) {
	t.Helper()
	for _, text := range []string{`{"id":"m","currency":"INR","window":{"kind":"fixed","from":"2000-01-01","to":"2030-01-01"}}`, text} {
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return d
}

// parse completes a list of definitions.
func parse(t *testing.T, text string) (out []oracle.Definition) {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	for _, raw := range list {
		out = append(out, define(t, string(raw)))
	}
	return out
}

func enrolment(t *testing.T, op mission.EnrolmentOp, when instant.Milli) func(*Fold) error {
	t.Helper()
	b, err := missioncodec.Enrolment{}.Encode(&mission.Enrolment{Op: op, UserID: "u", Mission: "m", At: when})
	if err != nil {
		t.Fatal(err)
	}
	return func(f *Fold) error { return f.Enrolment(b) }
}

func segments(t *testing.T, when instant.Milli, names []string) func(*Fold) error {
	t.Helper()
	b, err := missioncodec.UserSegments{}.Encode(&mission.Segments{UserID: "u", Segments: names, At: when})
	if err != nil {
		t.Fatal(err)
	}
	return func(f *Fold) error { return f.Segments(b) }
}

// told writes progress as "vN start progress/completions; …".
func told(progress map[oracle.ProgressKey]oracle.Progress, zone string) string {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, k := range slices.SortedFunc(maps.Keys(progress), func(a, b oracle.ProgressKey) int { return int(a.Start - b.Start) }) {
		start := time.UnixMilli(int64(k.Start)).In(location).Format("2006-01-02T15:04")
		out = append(out, fmt.Sprintf("v%d %s %d/%d", k.Version, start, progress[k].Progress, progress[k].Completions))
	}
	return strings.Join(out, "; ")
}

func TestGoalsAndWindows(t *testing.T) {
	const count = `{"goal":{"metric":"count","target":2},"limits":{"completions_per_user":0},`
	const streak = `{"goal":{"metric":"streak","target":3},"limits":{"completions_per_user":0},`
	daily := func(zone string) string {
		return count + `"window":{"kind":"recurring","every":"day"},"time_zone":"` + zone + `"}`
	}
	cases := []struct {
		name, mission, zone string
		story               []string
		want                string
	}{
		{"a day of 23 hours", daily("America/New_York"), "America/New_York", []string{
			"pay 2026-03-08T04:59:59Z 1", "pay 2026-03-08T05:00:00Z 1", "pay 2026-03-09T03:59:59Z 1", "pay 2026-03-09T04:00:00Z 1",
		}, "v1 2026-03-07T00:00 1/0; v1 2026-03-08T00:00 2/1; v1 2026-03-09T00:00 1/0"},
		{"a day of 25 hours", daily("America/New_York"), "America/New_York", []string{
			"pay 2025-11-02T03:59:59Z 1", "pay 2025-11-02T04:00:00Z 1", "pay 2025-11-03T04:59:59Z 1", "pay 2025-11-03T05:00:00Z 1",
		}, "v1 2025-11-01T00:00 1/0; v1 2025-11-02T00:00 2/1; v1 2025-11-03T00:00 1/0"},
		{"a day without midnight", daily("America/Havana"), "America/Havana", []string{
			"pay 2026-03-08T04:59:59Z 1", "pay 2026-03-08T05:00:00Z 1",
		}, "v1 2026-03-07T00:00 1/0; v1 2026-03-08T01:00 1/0"},
		{"a date that comes back", daily("America/St_Johns"), "America/St_Johns", []string{ // 00:01 on the 29th is 23:01 on the 28th again
			"pay 2006-10-29T02:29:59Z 1", "pay 2006-10-29T02:30:30Z 1", "pay 2006-10-29T02:31:30Z 1",
		}, "v1 2006-10-28T00:00 1/0; v1 2006-10-29T00:00 2/1"},
		{"weeks begin on Monday", count + `"window":{"kind":"recurring","every":"week"},"time_zone":"Asia/Kolkata"}`, "Asia/Kolkata", []string{
			"pay 2026-03-01T18:29:59Z 1", "pay 2026-03-01T18:30:00Z 1", "pay 2026-03-08T18:29:00Z 1", "pay 2026-03-08T18:30:00Z 1",
		}, "v1 2026-02-23T00:00 1/0; v1 2026-03-02T00:00 2/1; v1 2026-03-09T00:00 1/0"},
		{"months", count + `"window":{"kind":"recurring","every":"month"}}`, "UTC", []string{
			"pay 2026-02-28T23:59:59Z 1", "pay 2026-03-01T00:00:00Z 1", "pay 2026-03-31T23:59:59Z 1",
		}, "v1 2026-02-01T00:00 1/0; v1 2026-03-01T00:00 2/1"},
		{"streak", streak + `"time_zone":"America/New_York"}`, "UTC", []string{
			"pay 2026-03-06T12:00:00Z 1", "pay 2026-03-07T12:00:00Z 1", "pay 2026-03-08T12:00:00Z 1", "pay 2026-03-09T03:59:00Z 1", "pay 2026-03-09T04:00:00Z 1",
			"pay 2026-03-11T12:00:00Z 1", "pay 2026-03-12T12:00:00Z 1",
		}, "v1 2000-01-01T05:00 4/1"},
		{"a streak breaks with a reversal", streak + `"limits":{"completions_per_user":0}}`, "UTC", []string{
			"pay 2026-03-06T12:00:00Z 1", "pay 2026-03-07T12:00:00Z 1", "pay 2026-03-08T12:00:00Z 1", "refund 2",
		}, "v1 2000-01-01T00:00 1/0"},
		{"a date that never was", streak + `"time_zone":"Pacific/Apia"}`, "UTC", []string{ // 2011-12-30
			"pay 2011-12-29T12:00:00-10:00 1", "pay 2011-12-31T12:00:00+14:00 1", "pay 2012-01-01T12:00:00+14:00 1",
		}, "v1 2000-01-01T11:00 3/1"},
		{"distinct", `{"goal":{"metric":"distinct","field":"merchant","target":2}}`, "UTC", []string{
			"pay 2026-03-06T12:00:00Z 1 a", "pay 2026-03-06T12:00:00Z 1 a", "pay 2026-03-06T12:00:00Z 1 b", "pay 2026-03-06T12:00:00Z 1 c", "pay 2026-03-06T12:00:00Z 1",
			"refund 1", "refund 3",
		}, "v1 2000-01-01T00:00 2/1"},
		{"per user, from the first payment that counts", `{"goal":{"metric":"amount","target":10,"per_event_cap":8},"filters":[{"id":"amount","operator":"gte","values":5}],
			"window":{"kind":"per_user","duration":"24h","start":"first_payment"}}`, "UTC", []string{
			"pay 2026-03-06T13:00:00Z 9", "pay 2026-03-06T11:00:00Z 4", "pay 2026-03-06T12:00:00Z 5", "pay 2026-03-07T11:59:59Z 6", "pay 2026-03-07T12:00:00Z 7",
		}, "v1 2026-03-06T12:00 19/1"},
		{"per user, from enrolment by hand", `{"goal":{"metric":"amount","target":10},"enrolment":"opt_in","window":{"kind":"per_user","duration":"24h"}}`, "UTC", []string{
			"enrol 2026-03-06T10:00:00Z", "pay 2026-03-06T09:59:59Z 1", "pay 2026-03-06T10:00:00Z 2", "pay 2026-03-07T09:59:59Z 4", "pay 2026-03-07T10:00:00Z 8",
		}, "v1 2026-03-06T10:00 6/0"},
		{"per user, opted in, from the first payment", `{"goal":{"metric":"amount","target":10},"enrolment":"opt_in","window":{"kind":"per_user","duration":"24h","start":"first_payment"}}`, "UTC", []string{
			"enrol 2026-03-06T10:00:00Z", "pay 2026-03-06T09:59:59Z 1", "pay 2026-03-08T10:00:00Z 2", "pay 2026-03-09T09:59:59Z 4", "pay 2026-03-09T10:00:00Z 8", "refund 2",
		}, "v1 2026-03-08T10:00 4/0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := told(story(t, c.mission, c.story...), c.zone); got != c.want {
				t.Errorf("\n%s, want\n%s", got, c.want)
			}
		})
	}
}

func TestWhoTakesPartAndWhen(t *testing.T) {
	const amount = `{"goal":{"metric":"amount","target":10}`
	const optIn = amount + `,"enrolment":"opt_in"}`
	cases := []struct {
		name, mission string
		story         []string
		want          string
	}{
		{"nobody asked", optIn, []string{"pay 2026-03-06T12:00:00Z 1"}, ""},
		{"in, out and in again", optIn, []string{
			"withdraw 2026-03-06T12:00:00Z", "enrol 2026-03-06T10:00:00Z", "enrol 2026-03-06T14:00:00Z",
			"pay 2026-03-06T09:59:00Z 1", "pay 2026-03-06T10:00:00Z 2", "pay 2026-03-06T11:59:00Z 4", "pay 2026-03-06T12:00:00Z 8", "pay 2026-03-06T14:00:00Z 16",
		}, "22/1"},
		{"out at the same moment", optIn, []string{
			"withdraw 2026-03-06T10:00:00Z", "enrol 2026-03-06T10:00:00Z", "pay 2026-03-06T10:00:00Z 2",
		}, ""},
		{"segments of the time", amount + `,"audience":{"segments":["gold","new"]}}`, []string{
			"segments 2026-03-06T12:00:00Z gold vip", "segments 2026-03-06T14:00:00Z vip",
			"pay 2026-03-06T11:00:00Z 1", "pay 2026-03-06T12:00:00Z 2", "pay 2026-03-06T14:00:00Z 4",
		}, "3/0"},
		{"in no segment", amount + `,"audience":{"segments":["gold"]}}`, []string{"pay 2026-03-06T11:00:00Z 1"}, ""},
		{"drawn", amount + `,"audience":{"rollout_percent":100}}`, []string{"pay 2026-03-06T11:00:00Z 1"}, "1/0"},
		{"not drawn", amount + `,"audience":{"rollout_percent":0}}`, []string{"pay 2026-03-06T11:00:00Z 1"}, ""},
		{"pauses and an end", amount + `}`, []string{
			"pause 2026-03-06T12:00:00Z 2026-03-06T13:00:00Z", "end 2026-03-06T14:00:00Z",
			"pay 2026-03-06T11:59:00Z 1", "pay 2026-03-06T12:00:00Z 2", "pay 2026-03-06T13:00:00Z 4", "pay 2026-03-06T13:59:00Z 8", "pay 2026-03-06T14:00:00Z 16",
		}, "13/1"},
		{"the first payment that counts decides the version", amount + `,"filters":[{"id":"amount","operator":"gte","values":5}]}`, []string{
			`version 2026-03-06T12:00:00Z {"goal":{"metric":"count","target":1},"limits":{"completions_per_user":0}}`,
			"pay 2026-03-06T11:00:00Z 4", "pay 2026-03-06T12:00:00Z 1", "pay 2026-03-06T13:00:00Z 1",
		}, "v2 2/2"},
		{"an earlier one that comes later decides anew", amount + `}`, []string{
			`version 2026-03-06T12:00:00Z {"goal":{"metric":"count","target":1}}`,
			"pay 2026-03-06T12:00:00Z 1", "pay 2026-03-06T11:59:00Z 3",
		}, "4/0"},
		{"also one that is reversed", amount + `}`, []string{
			`version 2026-03-06T12:00:00Z {"goal":{"metric":"count","target":1}}`,
			"pay 2026-03-06T11:59:00Z 3", "refund 1", "pay 2026-03-06T12:00:00Z 9",
		}, "9/0"},
		{"a payment in a pause does not enrol", amount + `}`, []string{
			`version 2026-03-06T12:00:00Z {"goal":{"metric":"count","target":1}}`, "pause 2026-03-06T11:00:00Z 2026-03-06T12:00:00Z",
			"pay 2026-03-06T11:30:00Z 9", "pay 2026-03-06T12:00:00Z 9",
		}, "v2 1/1"},
		{"of later versions the last that has begun", amount + `}`, []string{
			`version 2026-03-06T14:00:00Z {"goal":{"metric":"count","target":1}}`, `version 2026-03-06T12:00:00Z {"goal":{"metric":"count","target":2}}`,
			"pay 2026-03-06T15:00:00Z 9",
		}, "v3 1/0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := told(story(t, c.mission, c.story...), "UTC")
			got = strings.TrimPrefix(strings.Replace(got, "2000-01-01T00:00 ", "", 1), "v1 ")
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	for _, text := range []string{
		`{"goal":{"metric":"mean","target":1}}`, `{"goal":{"metric":"count","target":0}}`, `{"goal":{"metric":"distinct","target":1}}`,
		`{"goal":{"metric":"count","target":1},"window":{"kind":"sliding"}}`, `{"goal":{"metric":"count","target":1},"window":{"kind":"recurring","every":"year"}}`,
		`{"goal":{"metric":"count","target":1},"window":{"kind":"per_user","duration":"a week"}}`, `{"goal":{"metric":"count","target":1},"time_zone":"Mars"}`,
		`{"goal":{"metric":"count","target":1},"window":{"kind":"fixed","from":"today"}}`,
	} {
		if _, err := New(oracle.Mission{Definition: define(t, text)}); err == nil {
			t.Error(text)
		}
	}
}
