package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/pipeline/pipelinetest"
	"github.com/millrace/millrace/cmd/server"
	"github.com/millrace/millrace/cmd/work"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/token"
)

// declared is a registry that knows what was declared in it, rows or none.
type declared struct {
	*prometheus.Registry

	mu         sync.Mutex
	collectors []prometheus.Collector
}

// Register implements prometheus.Registerer.
func (d *declared) Register(c prometheus.Collector) error {
	err := d.Registry.Register(c)
	if err == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.collectors = append(d.collectors, c)
	}
	return err
}

// MustRegister implements prometheus.Registerer.
func (d *declared) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		if err := d.Register(c); err != nil {
			panic(err)
		}
	}
}

// freshProcess runs every group, the server and a worker, without any input, and returns what they declare.
func freshProcess(t *testing.T) *declared {
	t.Helper()
	elsewhere(t)
	all := &declared{Registry: newRegistry()}
	metrics := engine.NewMetrics(all)
	d := pipelinetest.Start(t, pipelinetest.Config{Registerer: all, Metrics: metrics, Change: func(s *config.Config) {
		s.Relay.Sources = map[string]config.Source{"psp": {SecretFile: write(t, "psp", "a secret of 16 bytes")}}
	}})
	secret, err := token.Secret([]byte(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := token.NewVerifier(token.Config{Issuer: "i", Audience: "a", Keys: []token.Key{secret.Key}})
	if err != nil {
		t.Fatal(err)
	}
	views, err := server.Start(server.Config{
		Settings: d.Settings, Topology: d.Topology, Listen: "127.0.0.1:0", Verifier: verifier, Stores: store.Memory{}, Metrics: metrics, Registerer: all,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := views.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := views.Recovered(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Settings.Tasks.Provider.URL = "https://provider.example/payouts"
	d.Settings.Tasks.Provider.Secret = "a secret of 16 bytes"
	if _, err := work.New(d.Settings, d.Topology, nil, all, slog.New(slog.DiscardHandler)); err != nil { // not run
		t.Fatal(err)
	}
	return all
}

// described is what a description says of a metric.
type described struct {
	name, help string
	labels     []string
}

var (
	description = regexp.MustCompile(`^Desc\{fqName: "([^"]*)", help: "(.*?)"(?:, unit: "[^"]*")?, constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)
	constLabel  = regexp.MustCompile(`([a-z_]+)="`)
)

// describe reads what client_golang keeps to itself of a collector's first description.
func describe(t *testing.T, c prometheus.Collector) described {
	t.Helper()
	return describeAll(t, c)[0]
}

func describeAll(t *testing.T, c prometheus.Collector) (all []described) {
	t.Helper()
	descriptions := make(chan *prometheus.Desc, 64)
	c.Describe(descriptions)
	close(descriptions)
	for desc := range descriptions {
		m := description.FindStringSubmatch(desc.String())
		if m == nil {
			t.Fatalf("%T describes itself in another way now: %s", c, desc)
		}
		d := described{name: m[1], help: m[2]}
		for _, label := range constLabel.FindAllStringSubmatch(m[3], -1) {
			d.labels = append(d.labels, label[1])
		}
		if m[4] != "" {
			d.labels = append(d.labels, strings.Split(m[4], ",")...)
		}
		all = append(all, d)
	}
	return all
}

// rows returns the labels of every row, in the order of names.
func rows(t *testing.T, c prometheus.Collector, names []string) map[string]bool {
	t.Helper()
	metrics := make(chan prometheus.Metric, 1<<12)
	c.Collect(metrics)
	close(metrics)
	all := map[string]bool{}
	for m := range metrics {
		var out dto.Metric
		if err := m.Write(&out); err != nil {
			t.Fatal(err)
		}
		by := map[string]string{}
		for _, l := range out.GetLabel() {
			by[l.GetName()] = l.GetValue()
		}
		var values []string
		for _, name := range names {
			values = append(values, by[name])
		}
		all[strings.Join(values, " ")] = true
	}
	return all
}

// product returns every row that takes one value of each list.
func product(lists ...[]string) []string {
	all := []string{""}
	for _, list := range lists {
		var next []string
		for _, row := range all {
			for _, value := range list {
				next = append(next, strings.TrimSpace(row+" "+value))
			}
		}
		all = next
	}
	return all
}

// words returns a list of words as plain text.
func words[S ~string](list []S) []string {
	var out []string
	for _, word := range list {
		out = append(out, string(word))
	}
	return out
}

// startingRows says which rows a counter has from the start: a rate can only rise from one that was there.
type startingRows struct {
	rows []string
	// unknown says why rows are not known before something happens. Where it is empty every row of the counter is in
	// rows.
	unknown string
}

func counters() map[string]startingRows {
	groups := topology.GroupIDs()
	var reasons []string
	for _, r := range payment.Reasons() {
		reasons = append(reasons, string(r))
	}
	const modes = "the modes are those of the payments"
	kinds, verdicts := mission.RewardKinds(), words(verdict.Results())
	tasks := append(task.BuiltIn().Names(), "other")
	var ledgers []string
	for v := ledger.Applied; v <= ledger.Rejected; v++ {
		ledgers = append(ledgers, "ledger "+v.String())
	}
	return map[string]startingRows{
		"millrace_events_total": {
			rows: append(ledgers, "intake accepted", "progress counted", "progress not_counted", "progress duplicate", "progress after_horizon"),
		},
		"millrace_duplicates_total":            {rows: []string{"ledger", "progress"}},
		"millrace_mission_outcomes_total":      {rows: []string{"completed", "revoked"}},
		"millrace_mission_commands_total":      {rows: product([]string{"enrol", "withdraw", "segments"}, verdicts)},
		"millrace_budget_verdicts_total":       {rows: []string{"reserved ", "revoked ", "exhausted budget", "exhausted max_winners", "exhausted pool_empty"}},
		"millrace_budget_settlements_total":    {rows: []string{"returned", "spent", "recovered"}},
		"millrace_pool_codes_total":            {rows: []string{"stocked", "duplicate", "returned", "drawn"}},
		"millrace_rewards_total":               {rows: product(kinds, words(reward.States()))},
		"millrace_rewards_claimed_total":       {rows: kinds},
		"millrace_reward_results_total":        {rows: product(kinds, []string{"ok", "failed"})},
		"millrace_reward_commands_total":       {rows: append(verdicts, "repeated")},
		"millrace_tasks_submitted_total":       {rows: tasks},
		"millrace_tasks_dropped_total":         {rows: product(tasks, []string{"repeated", "coalesced"})},
		"millrace_tasks_ended_total":           {rows: product(tasks, []string{"succeeded", "sent", "exhausted", "cancelled"})},
		"millrace_task_runs_started_total":     {rows: tasks},
		"millrace_task_runs_ended_total":       {rows: product(tasks, words(task.Endings()))},
		"millrace_task_commands_total":         {rows: append(verdicts, "repeated")},
		"millrace_worker_runs_total":           {rows: product(task.BuiltIn().Names(), []string{"ok", "fail", "snooze", "dropped"})},
		"millrace_worker_claims_total":         {rows: task.BuiltIn().Names()},
		"millrace_worker_redeliveries_total":   {rows: task.BuiltIn().Names()},
		"millrace_windows_closed_total":        {unknown: modes},
		"millrace_windows_late_events_total":   {unknown: modes},
		"millrace_windows_corrections_total":   {unknown: modes},
		"millrace_health_other_attempts_total": {unknown: modes},
		"millrace_health_status_changes_total": {unknown: modes},
		"millrace_health_downtimes_total":      {unknown: modes},
		"millrace_transactions_total":          {rows: product(groups, []string{"committed", "aborted", "unknown"})},
		"millrace_dead_letters_total":          {rows: product(groups, reasons)},
		"millrace_time_fallbacks_total":        {rows: []string{"intake"}},
		"millrace_catalog_commands_total":      {rows: []string{"applied", "unchanged", "refused", "repeated"}},
		"millrace_http_rate_limited_total":     {rows: []string{"user", "panel", "health", "relay", "service", "anonymous", "stream"}},
		"millrace_relay_events_total":          {rows: product([]string{"psp", "bearer"}, []string{"accepted", "rejected", "unavailable"})},
		"millrace_http_requests_total": {
			rows:    []string{"/v1/users/{id}/missions GET 200", "/v1/users/{id}/missions GET 503", "/v1/events POST 202", "/v1/events POST 500", "none GET 404"},
			unknown: "the statuses of refusals come with the first of each; TestRequestsAreMeasuredByRoute of views says which are there from the start",
		},
		"millrace_table_restored_records_total": {
			rows:    product([]string{"views"}, []string{"ledger-table", "catalog-table"}, []string{"0"}),
			unknown: "tables and partitions are those that the process is assigned",
		},
	}
}

// A counter that is new must say here which rows it has from the start.
func TestCountersStartAtZeroForAllThatIsKnown(t *testing.T) {
	known, seen := counters(), map[string]bool{}
	for _, c := range freshProcess(t).collectors {
		vec, ok := c.(*prometheus.CounterVec)
		if !ok {
			continue
		}
		d := describe(t, vec)
		seen[d.name] = true
		want, ok := known[d.name]
		if !ok {
			t.Errorf("%s is a counter by %v: say in counters() which rows it has from the start", d.name, d.labels)
			continue
		}
		have := rows(t, vec, d.labels)
		missing := slices.DeleteFunc(slices.Clone(want.rows), func(row string) bool { return have[row] })
		if len(missing) > 0 {
			t.Errorf("%s by %v lacks rows that counters() says are there from the start: %q", d.name, d.labels, missing)
		}
		if want.unknown == "" && len(have) > len(want.rows) {
			t.Errorf("%s by %v has the rows %v, of which counters() knows %d", d.name, d.labels, slices.Sorted(maps.Keys(have)), len(want.rows))
		}
	}
	for name := range known {
		if !seen[name] {
			t.Errorf("nothing counts %s", name)
		}
	}
}

// absentAtFirst says of which metrics that alerts and recording rules read there is no row in a deployment that has
// never had a payment, and why. What alerts say then is what they should: nothing.
func absentAtFirst() map[string]string {
	const (
		modes      = "there is no mode, instrument or gateway yet"
		currencies = "no reversal waits in any currency, and none was ever seen"
		missions   = "there is no mission yet"
	)
	return map[string]string{
		"millrace_health_enabled":              modes,
		"millrace_health_other_attempts_total": modes,
		"millrace_ledger_reversals_waiting":    currencies,
		"millrace_budget_limit_minor":          missions,
		"millrace_budget_reserved_minor":       missions,
		"millrace_budget_spent_minor":          missions,
		"millrace_watermark_lag_seconds":       "there is no event time yet",
		"millrace_end_to_end_seconds":          "only groups with results measure it, with the first; a rule records a quantile of it",
	}
}

// readByRules returns the names of Millrace's metrics in the expressions of deploy/prometheus.
func readByRules(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../../deploy/prometheus/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.yml") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var rules struct {
			Groups []struct {
				Rules []struct {
					Expr string `yaml:"expr"`
				} `yaml:"rules"`
			} `yaml:"groups"`
		}
		if err := yaml.Unmarshal(text, &rules); err != nil {
			t.Fatal(file, err)
		}
		for _, g := range rules.Groups {
			for _, r := range g.Rules {
				for _, name := range millraceMetric.FindAllString(r.Expr, -1) {
					found[ofHistogram.ReplaceAllString(name, "_$1")] = true
				}
			}
		}
	}
	if len(found) < 15 {
		t.Fatalf("only %v", found)
	}
	return found
}

var (
	millraceMetric = regexp.MustCompile(`\bmillrace_[a-z_]+`)
	ofHistogram    = regexp.MustCompile(`_(seconds|records|rows|attempts)_(?:bucket|sum|count)$`)
)

// Alerts and recording rules find rows in a deployment that has just begun, and has no traffic, but for those of which
// nothing is known.
func TestWhatRulesReadIsThereFromTheStart(t *testing.T) {
	read, absent := readByRules(t), absentAtFirst()
	all := freshProcess(t)
	shown := func() map[string]bool {
		families, err := all.Gather()
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, f := range families {
			names[f.GetName()] = true
		}
		return names
	}
	var missing []string
	for range 100 { // gauges of the engine come with its first look
		names := shown()
		missing = nil
		for name := range read {
			if !names[name] && absent[name] == "" {
				missing = append(missing, name)
			}
		}
		if len(missing) == 0 {
			break
		}
		<-time.After(50 * time.Millisecond)
	}
	if len(missing) > 0 {
		t.Errorf("rules read what is not there: %q", missing)
	}
	names := shown()
	for name := range absent {
		if !read[name] {
			t.Errorf("no rule reads %s", name)
		}
		if names[name] {
			t.Errorf("%s is there from the start", name)
		}
	}
}

// Counters are what their names say: rate() is for names that end in _total, and for no others.
func TestNamesOfCountersEndInTotal(t *testing.T) {
	for _, c := range freshProcess(t).collectors {
		d := describe(t, c)
		_, vec := c.(*prometheus.CounterVec)
		_, one := c.(prometheus.Counter)
		if _, gauge := c.(prometheus.Gauge); gauge {
			one = false
		}
		if strings.HasSuffix(d.name, "_total") != (vec || one) && fmt.Sprintf("%T", c) != "*metric.Money" {
			t.Errorf("%s is a %T", d.name, c)
		}
	}
}

// kindOf returns the type of a metric, as the exposition names it.
func kindOf(c prometheus.Collector, name string) string {
	switch c.(type) {
	case *prometheus.HistogramVec, prometheus.Histogram:
		return "histogram"
	case *prometheus.CounterVec:
		return "counter"
	}
	if strings.HasSuffix(name, "_total") { // TestNamesOfCountersEndInTotal
		return "counter"
	}
	return "gauge"
}

// TestMetricPage keeps docs/reference/metrics.md as the program is: go test ./cmd/millrace -run MetricPage -rewrite.
func TestMetricPage(t *testing.T) {
	dir, err := filepath.Abs(reference) // the process runs elsewhere
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range append(freshProcess(t).collectors, buildInfo(buildOf(nil))) {
		for _, d := range describeAll(t, c) {
			labels := "none"
			if len(d.labels) > 0 {
				slices.Sort(d.labels)
				labels = "`" + strings.Join(d.labels, "`, `") + "`"
			}
			lines = append(lines, fmt.Sprintf("| `%s` | %s | %s | %s |\n", d.name, kindOf(c, d.name), labels, strings.ReplaceAll(d.help, "|", "\\|")))
		}
	}
	slices.Sort(lines)
	checkPage(t, filepath.Join(dir, "metrics.md"), "MetricPage", "# Metrics\n\nOf `run`, `serve`, `worker` and `generate --pace --admin`, on `http.admin`; of `dev` beside its API. Each process shows those of what it runs, and those of the Go runtime and the\n"+
		"process (`go_*`, `process_*`). No label has the id of a user or a payment. Counters start at 0 for every value of a label that is known. What alerts are made of them: [runbook](../runbook.md).\n"+
		"With `auth.jwks_url` there is also `millrace_token_keys_read_timestamp_seconds`: when the published keys were last read; 0 if never.\n\n"+
		"| metric | type | labels | what it is |\n|---|---|---|---|\n"+strings.Join(lines, ""))
}
