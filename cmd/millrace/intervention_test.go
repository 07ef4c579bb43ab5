package main

import (
	"strings"
	"testing"
)

func TestDecisionsOverTheCatalog(t *testing.T) {
	d := startTour(t)
	elsewhere(t)
	at := []string{"--server", d.server, "--brokers", d.brokers}
	run := func(code int, args ...string) answer { return millrace(t, code, append(args, at...)...) }
	for _, c := range []struct{ use, file, id, withdraw, shown string }{
		{"override", "{id: o1, mode: UPI, instrument: sbi, state: down, from: \"2026-03-01T10:00:00Z\", until: \"2026-03-01T11:00:00Z\", reason: outage}", "o1", "o1", "outage"},
		{"maintenance", "{id: m1, mode: upi, instrument: sbi, begin: \"2026-03-01T10:00:00Z\", end: \"2026-03-01T11:00:00Z\", reason: upgrade}", "m1", "m1", "upgrade"},
		{"freeze", "{mode: upi, from: \"2026-03-01T10:00:00Z\", until: \"2026-03-01T11:00:00Z\", reason: sale}", "upi", "UPI", "sale"},
		{"settings", "{mode: upi, instrument: sbi, effective_from: \"2026-03-01T10:00:00Z\", settings: {down_below: 0.6}}", "upi/sbi", "upi sbi", "[down_below:0.6]"},
	} {
		file := write(t, "f.yaml", "- "+c.file+"\n")
		lacks(t, run(0, "health", c.use, "apply", "--dry-run", "-f", file).out, c.id, "valid")
		lacks(t, run(0, "health", c.use, "apply", "-f", file).out, c.id, "applied", "set", "1")
		lacks(t, run(0, "health", c.use, "apply", "-f", file).out, "unchanged")
		lacks(t, run(0, "health", c.use, "list").out, c.id, "set", "2026-03-01T10:00:00.000Z", c.shown, "cli")
		lacks(t, run(0, append([]string{"health", c.use, "withdraw"}, strings.Fields(c.withdraw)...)...).out, "applied", "withdrawn", "2")
		lacks(t, run(0, "health", c.use, "list", "-o", "json").out, `"status": "withdrawn"`)
		lacks(t, run(1, "health", c.use, "withdraw", "nobody").errs, "not_found")
	}
}

func TestDecisionsThatCannotBeRead(t *testing.T) {
	elsewhere(t)
	bad := write(t, "bad.yaml", "- {id: o1, mode: upi, state: sideways, until: soon, reason: r}\n")
	empty := write(t, "empty.yaml", "[]")
	got := millrace(t, 2, append([]string{"health", "override", "apply", "-f", bad}, nobody()...)...)
	lacks(t, got.errs, "bad.yaml", "/0/state", "/0/until", "/0/instrument")
	lacks(t, millrace(t, 2, append([]string{"health", "freeze", "apply", "-f", empty}, nobody()...)...).errs, "nothing given")
	lacks(t, millrace(t, 2, append([]string{"health", "freeze", "apply", "-f", "none.yaml"}, nobody()...)...).errs, "none.yaml")
}
