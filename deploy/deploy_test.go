// Package deploy checks, without any of the services at hand, that the files by which Millrace is deployed fit together
// and name only what exists.
package deploy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/millrace/millrace/topology"
)

// contract lists the metrics that a dashboard or an alert counts on, and those that users of Millrace build on.
func contract() []string {
	return []string{
		"millrace_budget_left_minor",
		"millrace_budget_limit_minor",
		"millrace_budget_reserved_minor",
		"millrace_budget_spent_minor",
		"millrace_budget_verdicts_total",
		"millrace_build_info",
		"millrace_commit_seconds",
		"millrace_conservation_checked_timestamp_seconds",
		"millrace_conservation_difference_minor",
		"millrace_conservation_restarts_total",
		"millrace_conservation_unreadable_records",
		"millrace_conservation_walked_timestamp_seconds",
		"millrace_consumer_lag_records",
		"millrace_currency_minor_units",
		"millrace_dead_letters_total",
		"millrace_duplicates_total",
		"millrace_end_to_end_seconds",
		"millrace_events_total",
		"millrace_health_downtimes_open",
		"millrace_health_downtimes_total",
		"millrace_health_enabled",
		"millrace_health_lateness_seconds",
		"millrace_health_other_attempts_total",
		"millrace_health_other_places",
		"millrace_health_score_ratio",
		"millrace_health_state",
		"millrace_health_status_changes_total",
		"millrace_health_traffic_ratio",
		"millrace_http_rate_limited_total",
		"millrace_http_request_duration_seconds",
		"millrace_http_requests_in_flight",
		"millrace_http_requests_total",
		"millrace_http_streams",
		"millrace_last_stable_offset_age_seconds",
		"millrace_ledger_returned_minor_total",
		"millrace_ledger_reversals_waiting",
		"millrace_ledger_reversed_minor_total",
		"millrace_ledger_settled_minor_total",
		"millrace_lookup_age_seconds",
		"millrace_mission_commands_total",
		"millrace_mission_exhausted_completions",
		"millrace_mission_outcomes_total",
		"millrace_mission_winners",
		"millrace_missions",
		"millrace_pending_timers",
		"millrace_pool_codes_total",
		"millrace_progress_received_minor_total",
		"millrace_progress_reversed_minor_total",
		"millrace_relay_events_total",
		"millrace_reward_results_stale_total",
		"millrace_reward_results_total",
		"millrace_rewards_claimed_total",
		"millrace_rewards_clawed_back_minor_total",
		"millrace_rewards_granted_minor_total",
		"millrace_rewards_granting",
		"millrace_rewards_total",
		"millrace_table_recovered",
		"millrace_table_restore_lag_records",
		"millrace_task_answers_stale_total",
		"millrace_task_attempts",
		"millrace_task_commands_total",
		"millrace_task_oldest_due_seconds",
		"millrace_task_parked_behind",
		"millrace_task_parked_keys",
		"millrace_task_run_seconds",
		"millrace_task_runs_ended_total",
		"millrace_task_runs_started_total",
		"millrace_tasks",
		"millrace_tasks_dropped_total",
		"millrace_tasks_ended_total",
		"millrace_tasks_submitted_total",
		"millrace_transaction_records",
		"millrace_transaction_rows",
		"millrace_transactions_total",
		"millrace_watermark_lag_seconds",
		"millrace_windows_closed_total",
		"millrace_windows_corrections_total",
		"millrace_windows_late_events_total",
		"millrace_worker_claims_total",
		"millrace_worker_in_flight",
		"millrace_worker_redeliveries_total",
		"millrace_worker_run_seconds",
		"millrace_worker_runs_total",
		"millrace_worker_slots",
	}
}

var (
	metricName  = regexp.MustCompile(`\bmillrace_[a-z_]+`)
	ofHistogram = regexp.MustCompile(`_(seconds|records|rows|attempts)_(bucket|sum|count)$`)
	pinnedImage = regexp.MustCompile(`^[a-z0-9./-]+:v?[0-9]+\.[0-9]+\.[0-9]+$`)
	fromLine    = regexp.MustCompile(`(?m)^FROM (\S+)`)
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	// A merged key that is set again counts as a duplicate in this library.
	if err := yaml.UnmarshalWithOptions(read(t, name), into, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func pinned(image string) bool { return image == "scratch" || pinnedImage.MatchString(image) }

func TestPinned(t *testing.T) {
	for image, want := range map[string]bool{
		"apache/kafka:4.2.1": true, "prom/prometheus:v3.5.0": true, "scratch": true,
		"apache/kafka": false, "apache/kafka:latest": false, "golang:1.26": false,
	} {
		if pinned(image) != want {
			t.Errorf("%s: pinned is %t", image, !want)
		}
	}
}

type service struct {
	Image       string            `yaml:"image"`
	Build       any               `yaml:"build"`
	Command     []string          `yaml:"command"`
	Ports       []string          `yaml:"ports"`
	Volumes     []mount           `yaml:"volumes"`
	Restart     string            `yaml:"restart"`
	Profiles    []string          `yaml:"profiles"`
	Environment map[string]string `yaml:"environment"`
	Healthcheck struct {
		Test    []string `yaml:"test"`
		Disable bool     `yaml:"disable"`
	} `yaml:"healthcheck"`
}

// mount is a volume in either of compose's forms.
type mount struct{ Source, Target string }

func (m *mount) UnmarshalYAML(raw []byte) error {
	var short string
	if err := yaml.Unmarshal(raw, &short); err == nil {
		m.Source, m.Target, _ = strings.Cut(strings.TrimSuffix(short, ":ro"), ":")
		return nil
	}
	var long struct {
		Source string `yaml:"source"`
		Target string `yaml:"target"`
	}
	err := yaml.Unmarshal(raw, &long)
	m.Source, m.Target = long.Source, long.Target
	return err
}

func composeServices(t *testing.T) map[string]service {
	t.Helper()
	var c struct {
		Services map[string]service `yaml:"services"`
	}
	readYAML(t, "../compose.yaml", &c)
	return c.Services
}

func TestImagesArePinned(t *testing.T) {
	for name, s := range composeServices(t) {
		if s.Build == nil && !pinned(s.Image) {
			t.Errorf("compose.yaml: %s: image %q is not pinned", name, s.Image)
		}
	}
	from := fromLine.FindAllSubmatch(read(t, "Dockerfile"), -1)
	if len(from) == 0 {
		t.Fatal("Dockerfile: no FROM")
	}
	for _, m := range from {
		if !pinned(string(m[1])) {
			t.Errorf("Dockerfile: image %q is not pinned", m[1])
		}
	}
}

// Every group of the topology runs as a service of its own, and is scraped.
func TestEveryGroupIsAService(t *testing.T) {
	services := composeServices(t)
	targets := scraped(t)
	want := []string{"serve"}
	for _, g := range topology.New(topology.DefaultConfig()).Groups() {
		want = append(want, g.Name)
		if got := services[g.Name].Command; !slices.Equal(got, []string{"run", g.Name}) {
			t.Errorf("compose.yaml: %s runs %v", g.Name, got)
		}
	}
	for name, s := range services {
		if len(s.Command) > 0 && s.Command[0] == "run" && !slices.Contains(want, name) {
			t.Errorf("compose.yaml: %s is no group", name)
		}
	}
	for _, name := range want {
		if !slices.Contains(targets, name+":9464") {
			t.Errorf("prometheus.yml does not scrape %s", name)
		}
	}
	if len(targets) != len(want) {
		t.Errorf("prometheus.yml scrapes %v, want %v", targets, want)
	}
}

// Workers have a profile, since whom they call is the deployment's own. Prometheus finds as many as there are by the
// name of the service, and misses none where there are none.
func TestWorkersAreAServiceOfAProfile(t *testing.T) {
	w, ok := composeServices(t)["worker"]
	if !ok || !slices.Equal(w.Command, []string{"worker"}) || !slices.Equal(w.Profiles, []string{"worker"}) || len(w.Ports) > 0 || len(w.Volumes) > 0 {
		t.Errorf("compose.yaml: worker is %+v", w)
	}
	for _, name := range []string{"URL", "SECRET", "ALLOW_PRIVATE"} {
		if _, ok := w.Environment["MILLRACE_TASKS_PROVIDER_"+name]; !ok {
			t.Errorf("compose.yaml: worker does not hand on MILLRACE_TASKS_PROVIDER_%s", name)
		}
	}
	if admin := w.Environment["MILLRACE_HTTP_ADMIN"]; admin != "0.0.0.0:9464" || w.Environment["MILLRACE_BROKERS"] == "" {
		t.Errorf("compose.yaml: worker has %v", w.Environment)
	}
	found := 0
	for _, s := range scrapeConfigs(t) {
		for _, d := range s.DNS {
			if slices.Equal(d.Names, []string{"worker"}) && d.Type == "A" && d.Port == 9464 {
				found++
			}
		}
	}
	if found != 1 || slices.Contains(scraped(t), "worker:9464") {
		t.Errorf("prometheus.yml looks for workers %d times, and scrapes %v", found, scraped(t))
	}
}

type scrapeConfig struct {
	Static []struct {
		Targets []string `yaml:"targets"`
	} `yaml:"static_configs"`
	DNS []struct {
		Names []string `yaml:"names"`
		Type  string   `yaml:"type"`
		Port  int      `yaml:"port"`
	} `yaml:"dns_sd_configs"`
}

func scrapeConfigs(t *testing.T) []scrapeConfig {
	t.Helper()
	var c struct {
		Scrape []scrapeConfig `yaml:"scrape_configs"`
	}
	readYAML(t, "prometheus/prometheus.yml", &c)
	return c.Scrape
}

func scraped(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, s := range scrapeConfigs(t) {
		for _, st := range s.Static {
			out = append(out, st.Targets...)
		}
	}
	return out
}

func TestComposeStaysOnLoopbackAndMountsWhatExists(t *testing.T) {
	for name, s := range composeServices(t) {
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to others", name, p)
			}
		}
		for _, v := range s.Volumes {
			from := v.Source
			if !strings.HasPrefix(from, "./") || from == publicKey { // that one is made by who deploys
				continue
			}
			if _, err := os.Stat("../" + from); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

const publicKey = "./deploy/keys/public.pem"

// Of the folder of keys a service sees the one file with the public key: the private one stays where tokens are minted.
func TestNoServiceSeesThePrivateKey(t *testing.T) {
	for name, s := range composeServices(t) {
		for _, v := range s.Volumes {
			within := strings.HasPrefix("./deploy/keys/private.pem", strings.TrimSuffix(v.Source, "/")+"/")
			if within || strings.HasPrefix(v.Source, "./deploy/keys") && (name != "serve" || v.Source != publicKey) {
				t.Errorf("%s mounts %s", name, v.Source)
			}
		}
	}
}

// Whoever runs on has a health check; what ends says that it has none.
func TestEveryServiceHasAHealthCheck(t *testing.T) {
	for name, s := range composeServices(t) {
		ends := s.Restart != "unless-stopped"
		if ends != s.Healthcheck.Disable || ends == (len(s.Healthcheck.Test) > 1) {
			t.Errorf("%s: restart %q, healthcheck %+v", name, s.Restart, s.Healthcheck)
		}
	}
}

const dashboards = "grafana/dashboards/*.json"

func matches(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", pattern, files, err)
	}
	return files
}

// ruleFiles returns the files of rules that Prometheus reads. Each has a test for promtool beside it.
func ruleFiles(t *testing.T) []string {
	t.Helper()
	var c struct {
		Files []string `yaml:"rule_files"`
	}
	readYAML(t, "prometheus/prometheus.yml", &c)
	var files []string
	for _, name := range c.Files {
		files = append(files, "prometheus/"+name)
		if _, err := os.Stat("prometheus/" + strings.TrimSuffix(name, ".yml") + "_test.yml"); err != nil {
			t.Errorf("%s has no test: %v", name, err)
		}
	}
	for _, file := range matches(t, "prometheus/*.yml") {
		if file != "prometheus/prometheus.yml" && !strings.HasSuffix(file, "_test.yml") && !slices.Contains(files, file) {
			t.Errorf("prometheus.yml does not read %s", file)
		}
	}
	return files
}

func TestDashboardAndAlertsUseMetricsOfTheContract(t *testing.T) {
	used := map[string]bool{}
	files := append(ruleFiles(t), matches(t, "prometheus/*_test.yml")...)
	for _, file := range append(files, matches(t, dashboards)...) {
		names := metricName.FindAllString(string(read(t, file)), -1)
		if len(names) == 0 {
			t.Errorf("%s names no metric", file)
		}
		for _, n := range names {
			n = ofHistogram.ReplaceAllString(n, "_$1")
			used[n] = true
			if !slices.Contains(contract(), n) {
				t.Errorf("%s: %s is not in the contract", file, n)
			}
		}
	}
	for _, n := range contract() {
		if !used[n] {
			t.Errorf("%s is shown nowhere", n)
		}
	}
}

type board struct {
	UID    string  `json:"uid"`
	Title  string  `json:"title"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID          int                      `json:"id"`
	Type        string                   `json:"type"`
	Title       string                   `json:"title"`
	Description string                   `json:"description"`
	Grid        struct{ X, Y, W, H int } `json:"gridPos"`
	Field       struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []struct {
		Expr       string `json:"expr"`
		Datasource struct {
			UID string `json:"uid"`
		} `json:"datasource"`
	} `json:"targets"`
}

func TestDashboardsFitTheirDatasource(t *testing.T) {
	var sources struct {
		Datasources []struct {
			UID string `yaml:"uid"`
			URL string `yaml:"url"`
		} `yaml:"datasources"`
	}
	readYAML(t, "grafana/provisioning/datasources/prometheus.yaml", &sources)
	if len(sources.Datasources) != 1 || sources.Datasources[0].URL != "http://prometheus:9090" {
		t.Fatalf("datasources %+v", sources.Datasources)
	}
	uids := map[string]string{}
	for _, file := range matches(t, dashboards) {
		var b board
		if err := json.Unmarshal(read(t, file), &b); err != nil {
			t.Fatal(err)
		}
		if b.UID == "" || b.Title == "" || uids[b.UID] != "" {
			t.Errorf("%s: uid %q, title %q; that uid has %q, too", file, b.UID, b.Title, uids[b.UID])
		}
		uids[b.UID] = file
		ids := map[int]bool{}
		for _, p := range b.Panels {
			if ids[p.ID] {
				t.Errorf("%s: %s: id %d twice", file, p.Title, p.ID)
			}
			ids[p.ID] = true
			for _, fault := range p.faults(sources.Datasources[0].UID) {
				t.Errorf("%s: %s %s", file, p.Title, fault)
			}
		}
	}
}

// faults are what a reader of the panel would miss.
func (p panel) faults(datasource string) (all []string) {
	if p.Title == "" {
		all = append(all, "has no title")
	}
	if p.Type == "row" {
		return all
	}
	if len(p.Targets) == 0 {
		all = append(all, "asks nothing")
	}
	if p.Field.Defaults.Unit == "" || p.Description == "" {
		all = append(all, "has no unit or no description")
	}
	for _, q := range p.Targets {
		if q.Expr == "" || q.Datasource.UID != datasource {
			all = append(all, fmt.Sprintf("asks %+v", q))
		}
	}
	return all
}

// Two panels that overlap are drawn over each other.
func TestPanelsDoNotOverlap(t *testing.T) {
	for _, file := range matches(t, dashboards) {
		var b board
		if err := json.Unmarshal(read(t, file), &b); err != nil {
			t.Fatal(err)
		}
		for i, p := range b.Panels {
			if p.Grid.W < 1 || p.Grid.H < 1 || p.Grid.X+p.Grid.W > 24 {
				t.Errorf("%s: %s is at %+v", file, p.Title, p.Grid)
			}
			for _, q := range b.Panels[:i] {
				if p.Grid.X < q.Grid.X+q.Grid.W && q.Grid.X < p.Grid.X+p.Grid.W && p.Grid.Y < q.Grid.Y+q.Grid.H && q.Grid.Y < p.Grid.Y+p.Grid.H {
					t.Errorf("%s: %s lies over %s", file, p.Title, q.Title)
				}
			}
		}
	}
}

// An alert without a runbook wakes somebody who does not know what to do.
func TestEveryAlertHasARunbook(t *testing.T) {
	type group struct {
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Record      string            `yaml:"record"`
			For         string            `yaml:"for"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	}
	var groups []group
	runbook := string(read(t, "../docs/runbook.md"))
	for _, file := range ruleFiles(t) {
		var f struct {
			Groups []group `yaml:"groups"`
		}
		readYAML(t, file, &f)
		groups = append(groups, f.Groups...)
	}
	for _, g := range groups {
		for _, r := range g.Rules {
			if r.Record != "" {
				continue
			}
			_, anchor, _ := strings.Cut(r.Annotations["runbook_url"], "docs/runbook.md#")
			if anchor != strings.ToLower(r.Alert) || !strings.Contains(runbook, "## "+r.Alert+"\n") {
				t.Errorf("%s: runbook_url %q leads nowhere", r.Alert, r.Annotations["runbook_url"])
			}
			if r.For == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
				t.Errorf("%s lacks for, severity or summary", r.Alert)
			}
		}
	}
}
