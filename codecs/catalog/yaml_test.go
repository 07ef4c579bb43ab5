package catalog_test

import (
	"bytes"
	endian "encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/codecs/codectest"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// written returns a mission in YAML with one line in place of the field's.
func written(change string) string {
	lines := []string{
		"id: m", "title: T", "currency: INR", "goal: {metric: amount, target: 50000}", "filters: []",
		`window: {kind: fixed, from: "2026-11-01", to: "2026-12-31"}`, "time_zone: Asia/Kolkata", "reward: {kind: cash, amount: 5000}",
		"limits: {budget: 100000}", "status: active",
	}
	name, _, _ := strings.Cut(change, ":")
	found := false
	for i, line := range lines {
		if strings.HasPrefix(line, name+":") {
			lines[i], found = change, true
		}
	}
	if !found {
		lines = append(lines, change)
	}
	return "- " + strings.Join(lines, "\n  ") + "\n"
}

// What people write is understood as YAML 1.2 has it, or refused at its place with what to write instead.
func TestWhatIsNotUnderstoodIsRefusedAtItsPlace(t *testing.T) {
	const minor = "needs a whole number of minor units"
	for change, want := range map[string]string{
		"goal: {metric: amount, target: 500.00}":                                        "line 4, column 34: /0/goal/target: " + minor + ", e.g. 50000 for ₹500.00",
		"goal: {metric: amount, target: 5e4}":                                           "line 4, column 34: /0/goal/target: " + minor,
		"goal: {metric: amount, target: \"500\"}":                                       "line 4, column 34: /0/goal/target: " + minor,
		"goal: {metric: amount, target: -500}":                                          "/0/goal/target: must be a whole number above 0",
		"goal: {metric: amount, target: 0500}":                                          "/0/goal/target: " + minor + " without leading zeros",
		"goal: {metric: amount, target: 0x1F4}":                                         "/0/goal/target: " + minor,
		"goal: {metric: amount, target: 0o764}":                                         "/0/goal/target: " + minor,
		"goal: {metric: amount, target: 0b111}":                                         "/0/goal/target: " + minor,
		"goal: {metric: amount, target: 50_000}":                                        "/0/goal/target: " + minor,
		"goal: {metric: amount, target: \"50,000\"}":                                    "/0/goal/target: " + minor,
		"goal: {metric: amount, target: +500}":                                          "/0/goal/target: " + minor,
		"goal: {metric: amount, target: .inf}":                                          "/0/goal/target: " + minor,
		"goal: {metric: amount, target: .NaN}":                                          "/0/goal/target: " + minor,
		"goal: {metric: amount, target: 8:20}":                                          "/0/goal/target: " + minor,
		"goal: {metric: amount, target: 99999999999999999999}":                          "/0/goal/target: must be at most 1125899906842624",
		"goal: {metric: amount, target: ₹500}":                                          "/0/goal/target: " + minor,
		"goal: {metric: count, target: 3.0}":                                            "/0/goal/target: needs a whole number",
		"goal: {metric: amount, target: 50000, per_event_cap: 10.00}":                   "/0/goal/per_event_cap: " + minor,
		"currency: JPY\n  description: 5":                                               "needs a text",
		"reward: {kind: cash, amount: 50.00}":                                           "line 8, column 32: /0/reward/amount: " + minor,
		"reward: {kind: coins, amount: 50.00}":                                          "/0/reward/amount: needs a whole number of coins",
		"limits: {budget: 1000.00}":                                                     "line 9, column 20: /0/limits/budget: " + minor,
		"limits: {max_winners: 010}":                                                    "/0/limits/max_winners: needs a whole number without leading zeros",
		"filters: [{id: amount, operator: gte, values: 100.00}]":                        "line 5, column 49: /0/filters/0/values: " + minor,
		"filters: [{id: amount, operator: gte, values: \"100\"}]":                       "/0/filters/0/values: " + minor,
		"filters: [{id: amount, operator: gte, values: 0100}]":                          "/0/filters/0/values: " + minor,
		"filters: [{id: amount, operator: gte, values: 1e4}]":                           "/0/filters/0/values: " + minor,
		"filters: [{id: amount, operator: between, values: [1, 1e4]}]":                  "/0/filters/0/values/1: " + minor,
		"filters: [{id: amount, operator: gte, values: {amount: 1e2, currency: INR}}]":  "/0/filters/0/values: ",
		"filters: [{id: amount, operator: gte, values: {amount: 0100, currency: INR}}]": "/0/filters/0/values: ",
		"filters: [{id: attributes.store, operator: eq, values: 0042}]":                 "line 5, column 58: /0/filters/0/values: looks like a number",
		"filters: [{id: attributes.ver, operator: eq, values: 1.10}]":                   "quote it",
		"filters: [{id: attributes.ver, operator: in, values: [1, 1e3]}]":               "/0/filters/0/values/1: looks like a number",
		"filters: [{id: attributes.ver, operator: eq, values: 0x10}]":                   "quote it",
		"filters: [{id: attributes.ver, operator: eq, values: +5}]":                     "quote it",
		"filters: [{id: attributes.ver, operator: eq, values: -0}]":                     "quote it",
		"filters: [{id: attributes.ver, operator: eq, values: .5}]":                     "quote it",
		"filters: [{id: attributes.ver, operator: eq, values: .inf}]":                   "quote it",
		"filters: [{id: attributes.n, operator: gt, values: 010}]":                      "/0/filters/0/values: looks like a number",
		"filters: [{id: merchant, operator: eq, values: 42}]":                           "/0/filters/0/values: needs a text: put it in quotes",
		"filters: [{id: merchant, operator: equals, values: x}]":                        "/0/filters/0/operator: must be eq, ne, in, nin, ",
		"filters: [{id: merchant, operator: xte, values: x}]":                           "did you mean gte or lte?",
		"filters: [{id: merchant, operator: \"==\", values: x}]":                        "did you mean eq?",
		"filters: [{id: mercant, operator: eq, values: x}]":                             "line 5, column 18: /0/filters/0/id: is no payment field that filters can use; attributes are attributes.<name>: did you mean merchant?",
		"filters: [{id: attribute.x, operator: eq, values: x}]":                         "did you mean attributes.<name>?",
		"filters: [{field: merchant, operator: eq, values: x}]":                         "line 5, column 14: /0/filters/0/field: is not a known field",
		"goal: {metric: amuont, target: 1}":                                             "/0/goal/metric: must be amount, ",
		"goal: {metric: amount, tagret: 1}":                                             "line 4, column 26: /0/goal/tagret: is not a known field: did you mean target?",
		"timezone: Asia/Kolkata":                                                        "line 11, column 3: /0/timezone: is not a known field: did you mean time_zone?",
		"time_zone: Asia/Kolkatta":                                                      "did you mean Asia/Kolkata?",
		"time_zone: Kolkata":                                                            "did you mean Asia/Kolkata?",
		"time_zone: asia/kolkata":                                                       "did you mean Asia/Kolkata?",
		"currency: IRN":                                                                 "is not a currency of ISO 4217, in upper case: did you mean INR?",
		"currency: RS":                                                                  "/0/currency: is not a currency of ISO 4217",
		"reward: {kind: giftcard, amount: 5}":                                           "did you mean gift_card?",
		"window: {kind: fixd, from: \"2026-11-01\", to: \"2026-12-31\"}":                "did you mean fixed?",
		"status: actve":        "did you mean active?",
		"title: 42":            "line 2, column 10: /0/title: needs a text: put it in quotes",
		"title: true":          "/0/title: needs a text: put it in quotes",
		"title: [x]":           "/0/title: needs a text",
		"title: !!int 5":       "line 2, column 10: the tag !!int is not supported",
		"title: a\n  title: b": "line 3, column 3: ",
		"backdated: yes":       "/0/backdated: needs true or false",
		"backdated: on":        "/0/backdated: needs true or false",
		"title: *t":            "line 2, column 10: nothing is anchored by this name",
		"reward:\n    <<: {kind: cash}\n    amount: 5": "line 9, column 5: merge keys are not part of YAML 1.2: write the fields out",
		"? [a]\n  : x": "line ",
		"reward: {kind: cash, amount: 5\n  limits: {": "line ",
		"goal:\n\t{metric: amount, target: 5}":        "line 5, column 1: found character '\t'",
	} {
		t.Run(change, func(t *testing.T) {
			_, err := catalogcodec.ParseEntities(catalog.KindMission, strings.NewReader(written(change)), catalog.DefaultConfig())
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v\nwant %s", err, want)
			}
			_, err = missioncodec.ParseAll(strings.NewReader(written(change)))
			if err == nil && !strings.HasPrefix(change, "backdated") {
				t.Error("ParseMissions takes it")
			}
		})
	}
}

func TestWhatIsUnderstood(t *testing.T) {
	value := func(kind mission.ValueKind, text string) []mission.Value {
		return []mission.Value{{Kind: kind, Text: text}}
	}
	for change, check := range map[string]func(m mission.Mission) any{
		"title: yes":                          func(m mission.Mission) any { return m.Title == "yes" },
		"title: No":                           func(m mission.Mission) any { return m.Title == "No" },
		"title: on":                           func(m mission.Mission) any { return m.Title == "on" },
		"title: 1:30":                         func(m mission.Mission) any { return m.Title == "1:30" },
		"title: 1_000":                        func(m mission.Mission) any { return m.Title == "1_000" },
		"title: 2026-11-01":                   func(m mission.Mission) any { return m.Title == "2026-11-01" },
		"title: !!str 5":                      func(m mission.Mission) any { return m.Title == "5" },
		"title: |\n    a\n    b":              func(m mission.Mission) any { return m.Title == "a\nb" },
		"title: ~":                            func(m mission.Mission) any { return m.Title == "" },
		"title: &t x\n  description: *t":      func(m mission.Mission) any { return m.Title == "x" && m.Description == "x" },
		"limits: {max_winners: 8, budget: ~}": func(m mission.Mission) any { return m.Limits.MaxWinners == 8 && m.Limits.Budget == 0 },
		"goal: {\"metric\": \"amount\",\n \"target\": 5,}": func(m mission.Mission) any { return m.Goal.Target == 5 },
		"filters: [{id: amount, operator: gte, values: {amount: \"100.00\", currency: INR}}]": func(m mission.Mission) any {
			return cmp.Diff(value(mission.NumberValue, "10000"), m.Filters[0].Values) == ""
		},
		"filters: [{id: amount, operator: gte, values: {amount: 100.10, currency: INR}}]": func(m mission.Mission) any {
			return cmp.Diff(value(mission.NumberValue, "10010"), m.Filters[0].Values) == ""
		},
		"filters: [{id: attributes.store, operator: eq, values: \"0042\"}]": func(m mission.Mission) any {
			return cmp.Diff(value(mission.TextValue, "0042"), m.Filters[0].Values) == ""
		},
		"filters: [{id: attributes.store, operator: eq, values: 1_000}]": func(m mission.Mission) any {
			return cmp.Diff(value(mission.TextValue, "1_000"), m.Filters[0].Values) == ""
		},
		"filters: [{id: attributes.n, operator: eq, values: -1.5}]": func(m mission.Mission) any {
			return cmp.Diff(value(mission.NumberValue, "-1.5"), m.Filters[0].Values) == ""
		},
		"filters: [{id: attributes.n, operator: gte, values: 1.50}]": func(m mission.Mission) any {
			return cmp.Diff(value(mission.NumberValue, "1.50"), m.Filters[0].Values) == ""
		},
	} {
		t.Run(change, func(t *testing.T) {
			list, err := missioncodec.ParseAll(strings.NewReader(written(change)))
			if err != nil {
				t.Fatal(err)
			}
			if check(list[0]) != true {
				t.Errorf("%+v", list[0])
			}
		})
	}
}

// However a file is encoded, and in however many documents, all of it is read or none.
func TestFilesAreReadWhole(t *testing.T) {
	one, two := written("title: ä €"), strings.Replace(written("title: B"), "id: m", "id: n", 1)
	asJSON := `{"id":"m","title":"T","currency":"INR","goal":{"metric":"count","target":1},"window":{"kind":"recurring","every":"day"},"time_zone":"UTC","reward":{"kind":"coins","amount":1}}`
	for name, c := range map[string]struct {
		file []byte
		want string // ids, or what the error says
	}{
		"plain":               {[]byte(one), "m"},
		"BOM":                 {[]byte("\ufeff" + one), "m"},
		"CRLF":                {[]byte(strings.ReplaceAll(one, "\n", "\r\n")), "m"},
		"UTF-16 LE":           {codectest.UTF16(one, endian.LittleEndian, true), "m"},
		"UTF-16 BE":           {codectest.UTF16(one, endian.BigEndian, true), "m"},
		"UTF-16 without BOM":  {codectest.UTF16(one, endian.LittleEndian, false), "m"},
		"two documents":       {[]byte(one + "---\n" + two), "m n"},
		"with end":            {[]byte("---\n" + one + "...\n---\n" + two), "m n"},
		"BOM between":         {[]byte(one + "---\n\ufeff" + two), ""},
		"empty document":      {[]byte("---\n" + one + "---\n"), "m"},
		"nothing":             {nil, ""},
		"comments":            {[]byte("# none yet\n"), ""},
		"not a list":          {[]byte(strings.TrimPrefix(strings.ReplaceAll(one, "\n  ", "\n"), "- ")), "m"},
		"YAML 1.2":            {[]byte("%YAML 1.2\n---\n" + one), "m"},
		"YAML 1.1":            {[]byte("%YAML 1.1\n---\n" + one), "line 1, column 1: files are read as YAML 1.2"},
		"JSON":                {[]byte(asJSON), "m"},
		"JSON list":           {[]byte("[" + asJSON + "]\n"), "m"},
		"JSON twice":          {[]byte(asJSON + "\n" + strings.Replace(asJSON, `"m"`, `"n"`, 1)), "line 2, column 1: "},
		"JSON, key twice":     {[]byte(strings.Replace(asJSON, `"title":"T"`, "\n \"title\":\"T\",\n \"title\":\"U\"", 1)), `line 3, column 2: key "title" twice`},
		"JSON, float":         {[]byte(strings.Replace(asJSON, `"amount":1`, "\n\"amount\": 1.0", 1)), "line 2, column 11: /0/reward/amount: needs a whole number of coins"},
		"Latin-1":             {[]byte(strings.ReplaceAll(one, "ä", "\xe4")), "line 2, column 10: is neither UTF-8 nor UTF-16"},
		"NUL":                 {[]byte(strings.ReplaceAll(one, "ä", "\x00")), "line 2, column 10: has a control character"},
		"the same id twice":   {[]byte(one + "---\n" + one), "line 12, column 7: /1/id: is used twice in the file"},
		"second one is wrong": {[]byte(one + "---\n" + strings.Replace(two, "50000", "500.00", 1)), "line 15, column 34: /1/goal/target: "},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := missioncodec.ParseAll(bytes.NewReader(c.file))
			var ids []string
			for _, m := range list {
				ids = append(ids, m.ID)
			}
			got := strings.Join(ids, " ")
			if err != nil {
				got = err.Error()
			}
			if c.want == "" && got != "" && err == nil || !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Aliases cannot make much of little.
func TestAliasesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 12 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	_, err := missioncodec.ParseAll(strings.NewReader(b.String()))
	if err == nil || !strings.Contains(err.Error(), "too many values") && !strings.Contains(err.Error(), "nested too deep") {
		t.Error(err)
	}
}

// The panel's bodies follow the same rules; values are not echoed.
func TestBodiesFollowTheRulesOfFiles(t *testing.T) {
	body := `{"id":"m","currency":"INR","goal":{"metric":"amount","target":%s},"filters":[{"id":"attributes.v","operator":"eq","values":%s}],` +
		`"window":{"kind":"recurring","every":"day"},"time_zone":"UTC","reward":{"kind":"cash","amount":5}}`
	for _, c := range []struct{ target, value, want string }{
		{"500.00", `"x"`, "/goal/target"}, {"5e2", `"x"`, "/goal/target"}, {`"500"`, `"x"`, "/goal/target"}, {"500", "1.10", "/filters/0/values"}, {"500", "1e3", "/filters/0/values"},
	} {
		_, err := catalogcodec.ParseEntity(catalog.KindMission, fmt.Appendf(nil, body, c.target, c.value), "", catalog.DefaultConfig())
		var list problem.List
		if !errors.As(err, &list) || len(list) != 1 || list[0].Pointer != c.want || list[0].Line != 0 || strings.Contains(list[0].Detail, "1.10") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := catalogcodec.ParseEntity(catalog.KindMission, fmt.Appendf(nil, body, "500", "1.5"), "", catalog.DefaultConfig()); err != nil {
		t.Error(err)
	}
	_, err := catalogcodec.ParseEntity(catalog.KindMission, []byte(strings.ReplaceAll(fmt.Sprintf(body, "500.00", `"x"`), "INR", "JPY")), "", catalog.DefaultConfig())
	if err == nil || !strings.Contains(err.Error(), "e.g. 500 for ¥500") {
		t.Error(err)
	}
	for _, amount := range []string{"5.0", "5e1", `"5"`, "-5"} {
		c, err := rewardcodec.GoodwillRequest(fmt.Appendf(nil, `{"kind":"coins","amount":%s,"reason":"r"}`, amount))
		if amount != "-5" && err == nil {
			t.Errorf("goodwill of %s: %+v", amount, c)
		}
	}
}
