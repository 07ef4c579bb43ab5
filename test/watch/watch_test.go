package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

// shipped returns all rules of deploy/prometheus.
func shipped(t *testing.T) []rule {
	t.Helper()
	dir := filepath.Join(root, "deploy", "prometheus")
	var c struct {
		Files []string `yaml:"rule_files"`
	}
	if err := readYAML(filepath.Join(dir, "prometheus.yml"), &c); err != nil {
		t.Fatal(err)
	}
	files, err := ruleFiles(dir, c.Files)
	if err != nil {
		t.Fatal(err)
	}
	var rules []rule
	for _, file := range files {
		groups, err := readRules(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			rules = append(rules, g.Rules...)
		}
	}
	return rules
}

// Whoever adds an alert adds the fault by which `make watch-test` sees it fire.
func TestEveryShippedAlertHasAFault(t *testing.T) {
	var alerts []string
	for _, r := range shipped(t) {
		if r.Alert != "" {
			alerts = append(alerts, r.Alert)
		}
	}
	if err := uncovered(alerts, faults()); err != nil {
		t.Error(err)
	}
	err := uncovered(append(alerts[1:], "MillraceNew"), faults())
	if err == nil || !strings.Contains(err.Error(), "MillraceNew fires by no fault") || !strings.Contains(err.Error(), alerts[0]+", which no file") {
		t.Errorf("an alert without a fault and a fault without an alert: %v", err)
	}
}

func TestShippedRulesCanBeHastened(t *testing.T) {
	for _, r := range shipped(t) {
		h, err := hasten(r)
		if err != nil {
			t.Error(err)
		}
		if len(selectors(r.Expr)) == 0 || !slices.Equal(selectors(r.Expr), selectors(h.Expr)) {
			t.Errorf("%s: %q and %q are not of the same metrics", r.name(), r.Expr, h.Expr)
		}
	}
}

func TestHasten(t *testing.T) {
	for expr, want := range map[string]string{
		"rate(a[5m]) > 0.1 * rate(b{c=\"d\"}[1h30m])": "rate(a[15s]) > 0.1 * rate(b{c=\"d\"}[15s])",
		"rate(a[10s])": "rate(a[10s])",
		"changes(process_start_time_seconds{job=\"x\"}[15m]) > 3": "changes(process_start_time_seconds{job=\"x\"}[15m]) > 3",
		"max_over_time(rate(a[5m])[1h:1m])":                       "max_over_time(rate(a[15s])[15s:1m])",
		"time() - max(a) > 300":                                   "time() - max(a) > 300",
	} {
		got, err := hastenExpr(expr)
		if err != nil || got != want {
			t.Errorf("%s: %s, want %s, %v", expr, got, want, err)
		}
	}
	got, err := hasten(rule{Alert: "A", Expr: "a > 0", For: "5m", Keep: "10m"})
	if err != nil || got.For != "2s" || got.Keep != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := hasten(rule{Alert: "MillraceMoneyNotChecked", Expr: "time() - max(a) > 301"}); err == nil {
		t.Error("a threshold that is not there any more goes unnoticed")
	}
	if _, err := hasten(rule{Alert: "A", Expr: "a", For: "5x"}); err == nil {
		t.Error("for: 5x is taken")
	}
}

func TestSelectors(t *testing.T) {
	for expr, want := range map[string][]string{
		`sum by (group) (rate(a_total{outcome!="x",y="{"}[5m])) == 0 and sum by (group) (b) > 1e9`: {"a_total{outcome!=\"x\",y=\"{\"}", "b"},
		`time() - max(a) > 300`:                                                       {"a"},
		`job:a:rate5m / on (job) group_left b{} or vector(0)`:                         {"b{}", "job:a:rate5m"},
		`label_replace(a, "x", "$1", "y", "(.*)") unless absent(c offset 5m) # not d`: {"a", "c"},
		`histogram_quantile(0.99, sum by (le) (rate(a_bucket[5m])))`:                  {"a_bucket"},
		`up{job="millrace"} == 0`:                                                     {`up{job="millrace"}`},
	} {
		if diff := cmp.Diff(want, selectors(expr)); diff != "" {
			t.Errorf("%s: %s", expr, diff)
		}
	}
}

func TestComposeAndDockerfileAsShipped(t *testing.T) {
	all, err := readCompose(filepath.Join(root, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	order, err := started(all)
	if err != nil || order[0] != "topics" || len(order) != 14 {
		t.Errorf("started in the order %v, %v", order, err)
	}
	if s := all["ledger"]; s.Environment["MILLRACE_BROKERS"] != "kafka:19092" || s.ends() || !all["topics"].ends() {
		t.Errorf("%+v", s)
	}
	if s := all["serve"]; s.Environment["MILLRACE_HTTP_ADMIN"] == "" || len(s.Volumes) != 1 || s.Volumes[0].Source != "./deploy/keys/public.pem" {
		t.Errorf("%+v", s)
	}
	if s := all[payer]; s == nil || !slices.Equal(s.Command, []string{"worker"}) || len(s.Profiles) != 1 {
		t.Errorf("%+v", s)
	}
	d, err := readDockerfile(filepath.Join(root, "deploy", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"-trimpath", "-s -w", "main.version=$VERSION", "main.commit=$COMMIT"} {
		if !strings.Contains(d.build, word) {
			t.Errorf("%q has no %s", d.build, word)
		}
	}
}

func TestWordsOfAContainerAreMapped(t *testing.T) {
	d := &deployment{dir: "/run", addrs: map[string]string{"kafka:19092": "127.0.0.1:1", "serve:9464": "127.0.0.1:2"}, services: map[string]*service{
		"kafka": {}, "serve": {Volumes: []mount{{"./deploy/keys/public.pem", "/keys/public.pem"}, {"tables", "/var/lib/millrace"}}},
	}}
	for word, want := range map[string]string{
		"kafka:19092": "127.0.0.1:1", "0.0.0.0:9464": "127.0.0.1:2", "json": "json", "1": "1", "nobody:19092": "nobody:19092",
		"/keys/public.pem": "/run/beside/deploy/keys/public.pem", "/var/lib/millrace/x": "/run/volumes/tables/x", "/var/lib/millraces": "/var/lib/millraces",
	} {
		if got, err := d.here("serve", word); err != nil || got != want {
			t.Errorf("%s: %s, want %s, %v", word, got, want, err)
		}
	}
}

func TestQuestionsOfDashboards(t *testing.T) {
	all, err := questions(filepath.Join(root, "deploy", "grafana", "dashboards"))
	if err != nil || len(all) == 0 {
		t.Errorf("%d questions, %v", len(all), err)
	}
	dir := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"title":"T","templating":{"list":[{"name":"mode","type":"query","includeAll":true},{"name":"job","type":"custom","current":{"value":"x"}}]},
	  "panels":[{"title":"row","panels":[{"title":"P","targets":[{"expr":"rate(a{m=~\"$mode\",j=\"${job:regex}\"}[$__rate_interval])"}]}]}]}`)
	all, err = questions(dir)
	if err != nil || len(all) != 1 || all[0] != (question{"T", "P", `rate(a{m=~".*",j="x"}[15s])`}) {
		t.Errorf("%+v, %v", all, err)
	}
	write(`{"title":"T","panels":[{"title":"P","targets":[{"expr":"a{m=\"$nope\"}"}]}]}`)
	if _, err := questions(dir); err == nil || !strings.Contains(err.Error(), "nope") {
		t.Errorf("an unknown variable: %v", err)
	}
}

func TestAlertsAreKnownByTheirLabels(t *testing.T) {
	w := &watcher{seen: map[string][]alert{"A": {{Labels: map[string]string{"service": "x", "job": "y"}}}}}
	for expected, want := range map[string]bool{
		"A": true, `A{service="x"}`: true, `A{service="x",job="y"}`: true, `A{service="z"}`: false, `A{group="x"}`: false, "B": false,
	} {
		if w.hasFired(expected) != want {
			t.Errorf("%s: %t", expected, !want)
		}
	}
}
