package main

import (
	"bytes"
	"strings"
	"testing"
)

// What differs looks different in tables, and nothing in them moves the terminal.
func TestTablesShowWhatCannotBeSeen(t *testing.T) {
	elsewhere(t)
	r := startTour(t)
	run := func(code int, args ...string) answer {
		t.Helper()
		return millrace(t, code, append(args, "--server", r.server, "--brokers", r.brokers)...)
	}
	run(0, "mission", "apply", "-f", write(t, "m.yaml", `
- id: cards
  title: Cards
  currency: INR
  goal: {metric: count, target: 2}
  filters: [{id: attributes.card, operator: in, values: [" 42", "43"]}]
  window: {kind: fixed, from: "2026-03-01", to: "2026-03-08"}
  time_zone: UTC
  reward: {kind: coins, amount: 1}
  status: active
`))
	payment := func(id, card string) string {
		return `{"id":"e-` + id + `","type":"payment","transaction_id":"` + id + `","user_id":"u","amount":100,"currency":"INR","status":"success","updated_at":"2026-03-02T10:00:00Z","attributes":{"card":"` + card + `"}}` + "\n"
	}
	run(0, "replay", write(t, "e.jsonl", payment(" t1", " 42")+payment("t2", "42")+payment("t3", "42 ")+`{"reason":"\u001b[2J"}`+"\n"), "--wait")
	explain := func(id string) string {
		return run(0, "mission", "explain", "cards", "--user", "u", "--transaction", id).out
	}
	lacks(t, explain(" t1"), `yes     with card " 42" or 43 `, `" 42"`+"\n")
	lacks(t, explain("t2"), `NO      with card " 42" or 43 `, " 42\n")
	lacks(t, explain("t3"), `"42 "`+"\n")
	lacks(t, run(0, "transaction", "get", " t1").out, `" t1" `, "\n  event e- t1 ")
	for _, args := range [][]string{{"mission", "list"}, {"deadletters", "list"}, {"transaction", "get", " t1"}} {
		if out := run(0, args...).out; strings.ContainsAny(out, "\x1b\t\v") {
			t.Errorf("%v: %q", args, out)
		}
	}
	lacks(t, run(0, "mission", "list").out, `with card " 42" or 43 `)
}

func TestCellsOfTables(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out, flags: globalFlags{output: "table"}}
	err := a.print(nil, func() table {
		return table{header: []string{"a", "b"}, rows: [][]string{{"x", " y"}, {below + "event", "a\tb\nc"}, {below + below + "deep", "\x1b[31m"}, {" z", ""}, {"नमस्ते", `"q"`}}}
	})
	const want = "A         B\nx         \" y\"\n  event   \"a\\tb\\nc\"\n    deep  \"\\x1b[31m\"\n\" z\"      \nनमस्ते    \"q\"\n"
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\n%q", err, &out, out.String())
	}
}
