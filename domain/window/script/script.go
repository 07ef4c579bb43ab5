// Package script runs window scripts (docs/contract.md#window-scripts): a line that says which windows, then events,
// watermarks and restarts, one a line. It shows what package window decides, without Kafka and without a clock.
//
// Without any watermark line, stream time drives: the largest event time of the script, over all keys. A record is
// judged late or not against the time before it, then added, then time advances. The end of the script closes nothing.
// Values are listed in the order of the script.
package script

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/window"
)

// errSyntax is wrapped by errors about a line that is not understood; they say which line it is.
var errSyntax = errors.New("window script")

// Run runs a script and returns what it prints. On an error it returns what came before, too.
func Run(text string) ([]string, error) {
	lines, err := parse(text)
	if err != nil {
		return nil, err
	}
	r := &run{explicit: slices.ContainsFunc(lines, func(l line) bool { return l.do == doWatermark })}
	for _, l := range lines {
		if err := r.step(l); err != nil {
			return r.out, fmt.Errorf("%w: line %d: %w", errSyntax, l.number, err)
		}
	}
	return r.out, nil
}

// item is one event's value, with its place in the script.
type item struct {
	Seq   int
	Value string
}

type run struct {
	explicit bool // watermark lines drive, else stream time
	saved    saved
	table    *window.Table[[]item]
	out      []string
}

// saved is what a restart keeps.
type saved struct {
	Spec  window.Spec
	Time  window.StreamTime
	Seq   int
	State window.State[[]item]
}

func merge(a, b []item) []item {
	return slices.SortedFunc(slices.Values(append(slices.Clone(a), b...)), func(x, y item) int { return x.Seq - y.Seq })
}

func (r *run) step(l line) error {
	if r.table == nil && l.do != doWindow {
		return errors.New("the first line says which windows")
	}
	switch l.do {
	case doWindow:
		if r.table != nil {
			return errors.New("the windows are given already")
		}
		r.saved.Spec = l.spec
		r.table = window.NewTable(l.spec, merge, r.saved.State)
	case doEvent:
		r.saved.Seq++
		r.print(r.table.Add(l.key, l.at, []item{{r.saved.Seq, l.value}}))
		if !r.explicit {
			r.print(r.table.Advance(r.saved.Time.Observe(l.at)))
		}
	case doWatermark:
		r.print(r.table.Advance(l.at))
	case doRestart:
		return r.restart()
	}
	return nil
}

// restart writes all state out, and reads it back into a new table.
func (r *run) restart() error {
	r.saved.State = r.table.State()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(r.saved); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	r.saved = saved{}
	if err := gob.NewDecoder(&b).Decode(&r.saved); err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	r.table = window.NewTable(r.saved.Spec, merge, r.saved.State)
	return nil
}

func (r *run) print(all []window.Emission[[]item]) {
	for _, e := range all {
		span := r.saved.Spec.Format(e.Span)
		values := make([]string, len(e.Value))
		for i, v := range e.Value {
			values[i] = v.Value
		}
		counted := fmt.Sprintf("count=%d values=%s", len(values), strings.Join(values, ","))
		switch e.Kind {
		case window.EmitFinal:
			r.out = append(r.out, fmt.Sprintf("final %s %s %s", e.Key, span, counted))
		case window.EmitRevision:
			r.out = append(r.out, fmt.Sprintf("revision %s %s rev=%d %s", e.Key, span, e.Revision, counted))
		case window.EmitLate:
			r.out = append(r.out, fmt.Sprintf("late %s %s@%d %s", e.Key, values[0], int64(e.At), span))
		case window.EmitBeyond: // a script has no horizon
		}
	}
}

// line is one parsed line.
type line struct {
	number     int
	do         int
	spec       window.Spec
	key, value string
	at         instant.Milli
}

const (
	doWindow = iota
	doEvent
	doWatermark
	doRestart
)

func parse(text string) ([]line, error) {
	var lines []line
	var errs []error
	for i, raw := range strings.Split(text, "\n") {
		fields := strings.Fields(uncomment(raw))
		if len(fields) == 0 {
			continue
		}
		l, err := parseLine(fields)
		if err != nil {
			errs = append(errs, fmt.Errorf("%w: line %d: %w", errSyntax, i+1, err))
		}
		l.number = i + 1
		lines = append(lines, l)
	}
	if len(lines) == 0 && len(errs) == 0 {
		errs = append(errs, fmt.Errorf("%w: it is empty", errSyntax))
	}
	return lines, errors.Join(errs...)
}

// uncomment cuts a comment: # at the beginning or behind a space.
func uncomment(s string) string {
	for i := range len(s) {
		if s[i] == '#' && (i == 0 || s[i-1] == ' ' || s[i-1] == '\t') {
			return s[:i]
		}
	}
	return s
}

func parseLine(fields []string) (line, error) {
	switch word := fields[0]; {
	case word == "window":
		spec, err := parseSpec(fields[1:])
		return line{do: doWindow, spec: spec}, err
	case word == "restart" && len(fields) == 1:
		return line{do: doRestart}, nil
	case word == "watermark" && (len(fields) != 2 || !strings.Contains(fields[1], "@")):
		if len(fields) != 2 {
			return line{}, errors.New("want: watermark TIME")
		}
		at, err := parseTime(fields[1])
		return line{do: doWatermark, at: at}, err
	default:
		return parseEvent(fields)
	}
}

func parseEvent(fields []string) (line, error) {
	l := line{do: doEvent, key: fields[0]}
	var at string
	switch len(fields) {
	case 1:
		l.key, at, _ = strings.Cut(fields[0], "@")
	case 2:
		l.value, at, _ = strings.Cut(fields[1], "@")
	default:
		return l, errors.New("want: KEY VALUE@TIME")
	}
	if at == "" || l.key == "" {
		return l, fmt.Errorf("%q is not an event (KEY VALUE@TIME), window, watermark or restart",
			strings.Join(fields, " "))
	}
	if l.value == "" {
		l.value = l.key
	}
	var err error
	l.at, err = parseTime(at)
	return l, err
}

func parseTime(s string) (instant.Milli, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("time %q is no number of milliseconds", s)
	}
	return instant.Milli(n), nil
}
