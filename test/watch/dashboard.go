package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// dashboard is what this program needs to know of a dashboard of Grafana.
type dashboard struct {
	Title      string  `json:"title"`
	Panels     []panel `json:"panels"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
}

type panel struct {
	Title   string  `json:"title"`
	Panels  []panel `json:"panels"` // of a row that is folded
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

type variable struct {
	Name     string          `json:"name"`
	Type     string          `json:"type"`
	AllValue string          `json:"allValue"`
	All      bool            `json:"includeAll"`
	Query    json.RawMessage `json:"query"`
	Current  struct {
		Value any `json:"value"`
	} `json:"current"`
}

// value is what stands for the variable: everything where that can be chosen, else what is chosen at first.
func (v variable) value() (string, error) {
	switch chosen := v.Current.Value.(type) {
	case string:
		if !v.All && chosen != "" {
			return chosen, nil
		}
	case []any:
		if first, ok := append(chosen, nil)[0].(string); !v.All && ok {
			return first, nil
		}
	}
	if v.AllValue != "" {
		return v.AllValue, nil
	}
	if v.All || v.Type == "query" {
		return ".*", nil
	}
	return "", fmt.Errorf("variable %s has no value to begin with", v.Name)
}

// question is one expression of a panel, with its variables replaced.
type question struct{ dashboard, panel, expr string }

// builtin are Grafana's own variables, as on a dashboard that shows the run.
func builtin() map[string]string {
	return map[string]string{
		"__rate_interval": "15s", "__interval": "1s", "__interval_ms": "1000", "__range": "2m", "__range_s": "120",
		"__range_ms": "120000",
	}
}

// questions returns every expression of every dashboard.
func questions(dir string) ([]question, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(fmt.Errorf("%s holds no dashboards", dir), err)
	}
	var all []question
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var d dashboard
		if err := json.Unmarshal(raw, &d); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		values := builtin()
		for _, v := range d.Templating.List {
			if v.Type == "datasource" {
				continue
			}
			if values[v.Name], err = v.value(); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
		found, err := questionsOf(d.Title, d.Panels, values)
		if err != nil || len(found) == 0 {
			return nil, errors.Join(fmt.Errorf("%s asks %d questions", file, len(found)), err)
		}
		all = append(all, found...)
	}
	return all, nil
}

func questionsOf(title string, panels []panel, values map[string]string) ([]question, error) {
	var all []question
	var errs []error
	for _, p := range panels {
		for _, t := range p.Targets {
			expr := os.Expand(t.Expr, func(name string) string {
				name, _, _ = strings.Cut(name, ":")           // a format, as in ${mode:regex}
				if _, err := strconv.Atoi(name); err == nil { // of label_replace
					return "$" + name
				}
				value, ok := values[name]
				if !ok {
					errs = append(errs, fmt.Errorf("panel %s: variable %s is not defined", p.Title, name))
				}
				return value
			})
			all = append(all, question{title, p.Title, expr})
		}
		inside, err := questionsOf(title, p.Panels, values)
		all, errs = append(all, inside...), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// panelsAnswer returns an error unless every expression of every panel had a value in the run. One that is empty while
// all is well, such as a list of what is wrong, had one while it was not.
func panelsAnswer(ctx context.Context, p *prometheus, dir string) (int, error) {
	all, err := questions(dir)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, q := range all {
		if ok, err := p.answered(ctx, q.expr); err != nil || !ok {
			errs = append(errs, fmt.Errorf("dashboard %s, panel %s shows nothing: %s", q.dashboard, q.panel,
				q.expr), err)
		}
	}
	return len(all), errors.Join(errs...)
}
