package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// fault is something that goes wrong, really, and the alerts that must fire by it.
type fault struct {
	name string
	// alerts are the names of the alerts, with the labels that tell what is wrong: `Name{label="value",…}`.
	alerts []string
	// cause brings the fault about. What it returns ends the fault, where it can be ended.
	cause func(ctx context.Context, w *watcher) (undo func(context.Context) error, err error)
	// slow faults are caused before the others and waited for after them.
	slow bool
	// lasts says that the alerts may go on firing: the rest of the run is not a quiet one.
	lasts bool
	// within is how long the alerts may take. Defaults to 45 s.
	within time.Duration
	// quiet waits before the fault until no alert fires but those that last.
	quiet bool
}

// watcher causes faults and notes which alerts fire.
type watcher struct {
	*deployment
	prometheus *prometheus
	callers    *callers
	seen       map[string][]alert // that have fired since a fault that waits for them was caused, by name
	fired      map[string]bool    // alerts that a fault has made fire, by name
	faulty     map[string]bool    // alerts that may fire all the time from now on
}

// nameOf cuts the labels off.
func nameOf(expected string) string {
	name, _, _ := strings.Cut(expected, "{")
	return name
}

// uncovered returns an error unless every alert has a fault, and every fault's alert is there.
func uncovered(alerts []string, all []fault) error {
	covered := map[string]bool{}
	for _, f := range all {
		for _, a := range f.alerts {
			covered[nameOf(a)] = true
		}
	}
	var errs []error
	for _, a := range alerts {
		if !covered[a] {
			errs = append(errs, fmt.Errorf("alert %s fires by no fault of test/watch: add one to faults()", a))
		}
		delete(covered, a)
	}
	for _, a := range slices.Sorted(maps.Keys(covered)) {
		errs = append(errs, fmt.Errorf("faults() waits for alert %s, which no file of rules has", a))
	}
	return errors.Join(errs...)
}

// faults causes one fault after the other.
func (w *watcher) faults(ctx context.Context) error {
	type pending struct {
		fault
		undo func(context.Context) error
	}
	var waiting []pending
	for _, f := range faults() {
		if f.quiet {
			if err := w.quiet(ctx); err != nil {
				return fmt.Errorf("before %q: %w", f.name, err)
			}
		}
		if err := w.silent(ctx, f); err != nil {
			return err
		}
		w.log.Print("fault: ", f.name)
		undo, err := f.cause(ctx, w)
		if err != nil {
			return fmt.Errorf("fault %q: %w", f.name, err)
		}
		if f.slow {
			waiting = append(waiting, pending{f, undo})
			continue
		}
		if err := w.await(ctx, f, undo); err != nil {
			return err
		}
	}
	for _, p := range waiting {
		if err := w.await(ctx, p.fault, p.undo); err != nil {
			return err
		}
	}
	return nil
}

// await waits until the fault's alerts have fired, and ends it.
func (w *watcher) await(ctx context.Context, f fault, undo func(context.Context) error) error {
	if f.within == 0 {
		f.within = 45 * time.Second
	}
	waiting, cancel := context.WithTimeout(ctx, f.within)
	defer cancel()
	began, missing := time.Now(), slices.Clone(f.alerts)
	err := until(waiting, func() error {
		if err := w.poll(waiting); err != nil {
			return err
		}
		missing = slices.DeleteFunc(missing, w.hasFired)
		if len(missing) > 0 {
			return fmt.Errorf("fault %q: %v did not fire", f.name, missing)
		}
		return nil
	})
	if undo != nil {
		err = errors.Join(err, undo(ctx))
	}
	if err != nil {
		return err
	}
	if len(f.alerts) > 0 {
		w.log.Printf("fired after %v: %s", time.Since(began).Round(time.Second), strings.Join(f.alerts, ", "))
	}
	for _, a := range f.alerts {
		w.fired[nameOf(a)] = true
		w.faulty[nameOf(a)] = w.faulty[nameOf(a)] || f.lasts
	}
	return nil
}

// silent waits until none of a fault's alerts fires any more by what was before it, and forgets that any has.
func (w *watcher) silent(ctx context.Context, f fault) error {
	ctx, cancel := context.WithTimeout(ctx, 45*time.Second)
	defer cancel()
	return until(ctx, func() error {
		for _, a := range f.alerts {
			delete(w.seen, nameOf(a))
		}
		if err := w.poll(ctx); err != nil {
			return err
		}
		if i := slices.IndexFunc(f.alerts, w.hasFired); i >= 0 {
			return fmt.Errorf("before fault %q: %s fires already", f.name, f.alerts[i])
		}
		return nil
	})
}

// poll records which alerts fire now.
func (w *watcher) poll(ctx context.Context) error {
	firing, err := w.prometheus.firing(ctx)
	for _, a := range firing {
		name := a.Labels["alertname"]
		w.seen[name] = append(w.seen[name], a)
	}
	return err
}

// hasFired tells whether an alert was seen with the labels expected.
func (w *watcher) hasFired(expected string) bool {
	name, labels, _ := strings.Cut(strings.TrimSuffix(expected, "}"), "{")
	return slices.ContainsFunc(w.seen[name], func(a alert) bool {
		for _, label := range strings.FieldsFunc(labels, func(r rune) bool { return r == ',' }) {
			key, value, _ := strings.Cut(label, "=")
			if a.Labels[key] != strings.Trim(value, `"`) {
				return false
			}
		}
		return true
	})
}

// calm is how long no alert may fire before things count as quiet.
const calm = 4 * time.Second

// quiet waits until no alert fires for a while, but those of faults that last.
func (w *watcher) quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	since := time.Now()
	return until(ctx, func() error {
		firing, err := w.prometheus.firing(ctx)
		if err != nil {
			return err
		}
		firing = slices.DeleteFunc(firing, func(a alert) bool { return w.faulty[a.Labels["alertname"]] })
		if len(firing) > 0 {
			since = time.Now()
			return fmt.Errorf("nothing is wrong, and these fire: %v", firing)
		}
		if time.Since(since) < calm {
			return errors.New("it was quiet for too short a time")
		}
		return nil
	})
}
