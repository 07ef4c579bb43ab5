package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"
)

// prometheus is Debian's Prometheus on the shipped configuration.
type prometheus struct {
	base   string
	began  time.Time
	groups []ruleGroup // as shipped
	want   int         // targets
	cmd    *exec.Cmd
	done   chan error
}

// startPrometheus starts it on deploy/prometheus, with times shortened and the targets' addresses mapped to this
// machine.
func startPrometheus(ctx context.Context, d *deployment) (*prometheus, error) {
	p := &prometheus{done: make(chan error, 1)}
	dir := filepath.Join(d.dir, "prometheus")
	if err := errors.Join(os.MkdirAll(dir, 0o755), p.configure(d, dir)); err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	out, err := os.Create(filepath.Join(d.dir, "prometheus.log"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p.base, p.began = "http://"+addr, time.Now()
	p.cmd = exec.Command("prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"),
		// a machine that does other work is no empty panel
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr, "--query.timeout=5m")
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("prometheus: %w (scripts/need-prometheus installs it in CI)", err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return p, until(ctx, func() error {
		code, err := status(ctx, p.base+"/-/ready")
		if err == nil && code != http.StatusOK {
			err = fmt.Errorf("prometheus is not ready: %d, see %s", code, out.Name())
		}
		return err
	})
}

// stop ends it.
func (p *prometheus) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return <-p.done
}

// configure writes the configuration: the shipped files, rewritten as rules.go says.
func (p *prometheus) configure(d *deployment, dir string) error {
	shipped := filepath.Join(d.repository, "deploy", "prometheus")
	var c map[string]any
	var patterns struct {
		Files []string `yaml:"rule_files"`
	}
	config := filepath.Join(shipped, "prometheus.yml")
	if err := errors.Join(readYAML(config, &c), readYAML(config, &patterns)); err != nil {
		return err
	}
	files, err := ruleFiles(shipped, patterns.Files)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := p.hastenFile(file, filepath.Join(dir, filepath.Base(file))); err != nil {
			return err
		}
	}
	every := scrapeEvery.String()
	c["global"] = map[string]any{"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
	jobs, _ := c["scrape_configs"].([]any)
	for _, job := range jobs {
		j, _ := job.(map[string]any)
		delete(j, "scrape_interval")
		delete(j, "scrape_timeout")
		scrapeByName(j)
		if err := p.relabel(d, j); err != nil {
			return err
		}
	}
	if p.want == 0 {
		return fmt.Errorf("%s names no targets", config)
	}
	raw, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "prometheus.yml"), raw, 0o644)
}

// relabel appends to a job's own rules those that send its requests to where the services are here. The labels stay as
// shipped.
func (p *prometheus) relabel(d *deployment, job map[string]any) error {
	steps, _ := job["relabel_configs"].([]any)
	steps = append(steps, map[string]any{"source_labels": []string{"__address__"}, "target_label": "instance"})
	statics, _ := job["static_configs"].([]any)
	for _, s := range statics {
		static, _ := s.(map[string]any)
		targets, _ := static["targets"].([]any)
		for _, t := range targets {
			target, _ := t.(string)
			name, port, found := strings.Cut(target, ":")
			if !found || d.services[name] == nil {
				return fmt.Errorf("prometheus.yml: target %q is no port of a service of compose.yaml", target)
			}
			addr, err := d.addr(name, port)
			if err != nil {
				return err
			}
			p.want++
			steps = append(steps, map[string]any{
				"source_labels": []string{"__address__"}, "regex": target, "target_label": "__address__",
				"replacement": addr,
			})
		}
	}
	job["relabel_configs"] = steps
	return nil
}

func (p *prometheus) hastenFile(from, to string) error {
	groups, err := readRules(from)
	if err != nil {
		return err
	}
	p.groups = append(p.groups, groups...)
	var fast []ruleGroup
	for _, g := range groups {
		quick := ruleGroup{Name: g.Name}
		for _, r := range g.Rules {
			h, err := hasten(r)
			if err != nil {
				return err
			}
			quick.Rules = append(quick.Rules, h)
		}
		fast = append(fast, quick)
	}
	raw, err := yaml.Marshal(map[string]any{"groups": fast})
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o644)
}

// alerts returns the names of all shipped alerts.
func (p *prometheus) alerts() []string {
	var names []string
	for _, g := range p.groups {
		for _, r := range g.Rules {
			if r.Alert != "" {
				names = append(names, r.Alert)
			}
		}
	}
	slices.Sort(names)
	return names
}

// query gets a path of the API into a value.
func (p *prometheus) query(ctx context.Context, path string, query url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/api/v1/"+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %s: %w", path, resp.Status, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s: %s", path, resp.Status, answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// answered tells whether an expression had a value that is a number at any time of the run.
func (p *prometheus) answered(ctx context.Context, expr string) (bool, error) {
	var data struct {
		Result []struct {
			Values [][2]any `json:"values"`
		} `json:"result"`
	}
	at := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
	err := p.query(ctx, "query_range", url.Values{"query": {expr}, "start": {at(p.began)}, "end": {at(time.Now())},
		"step": {"1"}}, &data)
	for _, series := range data.Result {
		for _, v := range series.Values {
			if v[1] != "NaN" {
				return true, err
			}
		}
	}
	return false, err
}

// alert is one that Prometheus knows of now.
type alert struct {
	Labels map[string]string `json:"labels"`
	State  string            `json:"state"`
	Value  string            `json:"value"`
}

func (p *prometheus) firing(ctx context.Context) ([]alert, error) {
	var data struct {
		Alerts []alert `json:"alerts"`
	}
	err := p.query(ctx, "alerts", nil, &data)
	return slices.DeleteFunc(data.Alerts, func(a alert) bool { return a.State != "firing" }), err
}

// targetsUp returns an error unless every target is up.
func (p *prometheus) targetsUp(ctx context.Context) error {
	var data struct {
		Targets []struct {
			Labels    map[string]string `json:"labels"`
			Health    string            `json:"health"`
			LastError string            `json:"lastError"`
		} `json:"activeTargets"`
	}
	if err := p.query(ctx, "targets", nil, &data); err != nil {
		return err
	}
	var errs []error
	for _, t := range data.Targets {
		if t.Health != "up" {
			errs = append(errs, fmt.Errorf("target %s of service %s is %s: %s", t.Labels["instance"],
				t.Labels["service"], t.Health, t.LastError))
		}
	}
	if len(data.Targets) != p.want {
		errs = append(errs, fmt.Errorf("prometheus has %d targets, its file %d", len(data.Targets), p.want))
	}
	return errors.Join(errs...)
}

// rulesAnswer returns an error unless Prometheus evaluates every rule, and every metric that one names was there.
func (p *prometheus) rulesAnswer(ctx context.Context) error {
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string } `json:"rules"`
		} `json:"groups"`
	}
	if err := p.query(ctx, "rules", nil, &data); err != nil {
		return err
	}
	var errs []error
	known := 0
	for _, g := range data.Groups {
		for _, r := range g.Rules {
			if known++; r.Health != "ok" {
				errs = append(errs, fmt.Errorf("rule %s: %s: %s", r.Name, r.Health, r.LastError))
			}
		}
	}
	for _, g := range p.groups {
		known -= len(g.Rules)
		for _, r := range g.Rules {
			for _, s := range append(selectors(r.Expr), r.Record) {
				if s == "" {
					continue
				}
				if ok, err := p.answered(ctx, s); err != nil || !ok {
					errs = append(errs, fmt.Errorf("rule %s: there was no %s", r.name(), s), err)
				}
			}
		}
	}
	if known != 0 {
		errs = append(errs, fmt.Errorf("prometheus has %d rules more than the files", known))
	}
	return errors.Join(errs...)
}
