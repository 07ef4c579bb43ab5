package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rule is an alert or a recording rule.
type rule struct {
	Alert  string `yaml:"alert,omitempty"`
	Record string `yaml:"record,omitempty"`
	Expr   string `yaml:"expr"`
	For    string `yaml:"for,omitempty"`
	Keep   string `yaml:"keep_firing_for,omitempty"`

	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

func (r rule) name() string { return r.Alert + r.Record }

type ruleGroup struct {
	Name     string `yaml:"name"`
	Interval string `yaml:"interval,omitempty"`
	Rules    []rule `yaml:"rules"`
}

// readRules returns the groups of a file of rules.
func readRules(file string) ([]ruleGroup, error) {
	var f struct {
		Groups []ruleGroup `yaml:"groups"`
	}
	err := readYAML(file, &f)
	if err == nil && len(f.Groups) == 0 {
		err = fmt.Errorf("%s has no rules", file)
	}
	return f.Groups, err
}

// The run must not take as long as an outage that is worth a page. So times, and nothing but times, are rewritten in
// the shipped files before Prometheus reads them:
//
//   - scrape_interval, evaluation_interval and the interval of a group become 1 s;
//   - for becomes 2 s at most, keep_firing_for goes;
//   - a range such as [5m] becomes 15 s at most, but for changes(), which counts what must really happen so often;
//   - a number of seconds that an expression waits for becomes what thresholds says: the faults that take longer than a
//     minute.
const (
	scrapeEvery = time.Second
	longestFor  = 2 * time.Second
	longestPast = 15 * time.Second
)

// thresholds are the shortened numbers of seconds, by alert. Each must stand in the expression exactly once.
func thresholds() map[string][2]string {
	return map[string][2]string{
		"MillraceMoneyNotChecked": {"> 300", "> 12"},
		"MillraceTasksLate":       {"> 300", "> 10"},
		"MillraceWorkerGone":      {"> 30", "> 5"},
	}
}

var pastRange = regexp.MustCompile(`(changes\([^()]*)?\[([0-9]+[smhdwy](?:[0-9]+[smhdwy])*)(:[^\]]*)?\]`)

// hasten shortens the times of a rule.
func hasten(r rule) (rule, error) {
	var err error
	if r.Expr, err = hastenExpr(r.Expr); err != nil {
		return r, fmt.Errorf("%s: %w", r.name(), err)
	}
	if r.For != "" {
		d, err := promDuration(r.For)
		if err != nil {
			return r, fmt.Errorf("%s: for: %w", r.name(), err)
		}
		r.For = min(d, longestFor).String()
	}
	r.Keep = ""
	if t, ok := thresholds()[r.Alert]; ok {
		if n := strings.Count(r.Expr, t[0]); n != 1 {
			return r, fmt.Errorf("%s: %q stands %d times in its expression; change thresholds of test/watch", r.Alert,
				t[0], n)
		}
		r.Expr = strings.Replace(r.Expr, t[0], t[1], 1)
	}
	return r, nil
}

func hastenExpr(expr string) (string, error) {
	var failed error
	out := pastRange.ReplaceAllStringFunc(expr, func(found string) string {
		m := pastRange.FindStringSubmatch(found)
		d, err := promDuration(m[2])
		if err != nil {
			failed = err
		}
		if m[1] != "" || d <= longestPast {
			return found
		}
		return strings.Replace(found, "["+m[2], fmt.Sprintf("[%ds", int(longestPast.Seconds())), 1)
	})
	return out, failed
}

// promDuration reads a duration as Prometheus writes it.
func promDuration(text string) (time.Duration, error) {
	units := map[byte]time.Duration{
		's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
		'y': 365 * 24 * time.Hour,
	}
	var sum time.Duration
	rest := text
	for rest != "" {
		n := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if n <= 0 || units[rest[n]] == 0 {
			return 0, fmt.Errorf("%q is not a duration", text)
		}
		count, err := strconv.Atoi(rest[:n])
		if err != nil {
			return 0, err
		}
		sum += time.Duration(count) * units[rest[n]]
		rest = rest[n+1:]
	}
	return sum, nil
}

// selectorOf finds the metrics that an expression names, with their labels. Names of functions are followed by a
// bracket.
var selectorOf = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})?(\s*\()?`)

// wordsOf are the words of the language that look like a metric's name.
func wordsOf() []string {
	return []string{
		"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "offset",
		"atan2", "inf", "nan", "start", "end",
	}
}

var (
	labelLists = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`)
	quoted     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	ranges     = regexp.MustCompile(`\[[^\]]*\]`)
	matchers   = regexp.MustCompile(`\{[^}]*\}`)
	comment    = regexp.MustCompile(`(?m)#.*$`)
)

// selectors returns the selectors of an expression, each once.
func selectors(expr string) []string {
	found := map[string]bool{}
	// What stands in braces is put aside, for it may hold anything.
	var braces []string
	expr = matchers.ReplaceAllStringFunc(expr, func(s string) string {
		braces = append(braces, s)
		return fmt.Sprintf("{%d}", len(braces)-1)
	})
	expr = comment.ReplaceAllString(quoted.ReplaceAllString(labelLists.ReplaceAllString(expr, " "), " "), " ")
	at := ranges.ReplaceAllString(expr, " ")
	for _, m := range selectorOf.FindAllStringSubmatchIndex(at, -1) {
		name := at[m[2]:m[3]]
		after := m[6] >= 0
		// of a number, such as 1e9 or 5m
		before := m[0] > 0 && (at[m[0]-1] >= '0' && at[m[0]-1] <= '9' || at[m[0]-1] == '.')
		if after || before || slices.Contains(wordsOf(), strings.ToLower(name)) {
			continue
		}
		labels := ""
		if m[4] >= 0 {
			n, err := strconv.Atoi(strings.Trim(at[m[4]:m[5]], "{}"))
			if err == nil {
				labels = braces[n]
			}
		}
		found[name+labels] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// ruleFiles returns the files that a Prometheus configuration names, in its folder.
func ruleFiles(dir string, patterns []string) ([]string, error) {
	var out []string
	for _, p := range patterns {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(p)))
		if err != nil || len(files) == 0 {
			return nil, errors.Join(fmt.Errorf("prometheus.yml names %s, and there is none", p), err)
		}
		out = append(out, files...)
	}
	return out, nil
}
