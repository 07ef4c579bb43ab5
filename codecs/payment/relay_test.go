package payment

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitEventsKeepsTheBytes(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"one":                     {" {\"id\": \"e1\",\n \"type\":\"payment\"} ", []string{"{\"id\": \"e1\",\n \"type\":\"payment\"}"}},
		"list":                    {`{"events":[ {"id" : 1.0e2, "a":"\u00e9"},{"id":"e2"} ]}`, []string{`{"id" : 1.0e2, "a":"\u00e9"}`, `{"id":"e2"}`}},
		"none":                    {`{"events":[]}`, []string{}},
		"what is no event":        {`{"events":[1,"x",null,[{}]]}`, []string{`1`, `"x"`, `null`, `[{}]`}},
		"an event with that name": {`{"type":"payment","events":[1]}`, []string{`{"type":"payment","events":[1]}`}},
		"an event without a type": {`{"id":"e1"}`, []string{`{"id":"e1"}`}},
		"nothing":                 {`{}`, []string{`{}`}},
		"twice the same key":      {`{"events":[{"a":1,"a":2}]}`, []string{`{"a":1,"a":2}`}},
	} {
		got, err := SplitEvents([]byte(c.body))
		texts := make([]string, len(got))
		for i := range got {
			texts[i] = string(got[i])
		}
		if diff := cmp.Diff(c.want, texts); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	for _, body := range []string{
		"", "x", "[]", `[{"id":"e1"}]`, `"events"`, `{"events":[`, `{"events":{}}`, `{"events":1}`, `{"events":[],"more":1}`, `{"events":[],"events":[]}`, `{"events":null}`, `{"events" : null }`,
		`{"id":"e1"} {"id":"e2"}`, strings.Repeat(`{"events":[`, 20_000),
	} {
		if got, err := SplitEvents([]byte(body)); !errors.Is(err, errUnparseable) {
			t.Errorf("%.30q: %q %v", body, got, err)
		}
	}
}

func TestSplitEventsSaysWhere(t *testing.T) {
	for body, want := range map[string]string{
		`{"events":[{"id":"e1"},]}`:     "malformed at byte 23",
		`{"id":"e1",}`:                  "malformed at byte 11",
		"\ufeff" + `{"id":"e1"}`:        "byte order mark: send it without",
		`{"id":"e1"`:                    "cut short",
		``:                              "the body is empty",
		`[{"id":"e1"}]`:                 "write an object; a list goes into the field events",
		`{"events":[],"more":1}`:        "has the field events alone",
		`{"events":{"id":"e1"}}`:        "write a list in the field events",
		` {"id":"secret"} {"id":"e2"} `: "malformed at byte 17",
	} {
		_, err := SplitEvents([]byte(body))
		if !errors.Is(err, errUnparseable) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want %q", body, err, want)
		}
	}
}
