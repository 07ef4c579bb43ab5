package health

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/problem"
)

// OutageSuccess is the share of payments that succeed in an outage whose file does not say.
const OutageSuccess = 0.1

// ParseOutages reads a list of outages, or a single one, from YAML or JSON: mode, instrument, gateway (optional),
// begin, end (RFC 3339), success (optional, 0 to 1, for generators; defaults to OutageSuccess). Everything that is
// wrong is told together, as a problem.List whose pointers begin with the place in the list.
func ParseOutages(r io.Reader) ([]backtest.Outage, error) {
	file, err := doc.ReadSource(r)
	if err != nil {
		return nil, fmt.Errorf("outages: %w", err)
	}
	reader := &doc.Reader{}
	outages := make([]backtest.Outage, 0, len(file.Items))
	for i, node := range file.Items {
		outages = append(outages, readOutage(reader, "/"+strconv.Itoa(i), node))
	}
	if len(reader.Problems) > 0 {
		return nil, file.Locate(reader.Problems)
	}
	return outages, nil
}

func readOutage(r *doc.Reader, pointer string, node any) backtest.Outage {
	o := backtest.Outage{Success: OutageSuccess}
	if node == nil {
		r.Add(pointer, problem.WrongType, "needs an object")
		return o
	}
	before := len(r.Problems)
	f := r.Object(pointer, node, "mode", "instrument", "gateway", "begin", "end", "success")
	f.Text("mode", &o.Mode)
	f.Text("instrument", &o.Instrument)
	f.Text("gateway", &o.Gateway)
	f.Moment("begin", &o.Begin)
	f.Moment("end", &o.End)
	f.Decimal("success", &o.Success)
	if len(r.Problems) > before {
		return o
	}
	if err := o.Validate(); err != nil {
		r.Add(pointer, problem.InvalidField, err.Error())
	}
	return o
}

// ParseHealthSettings reads health settings from YAML or JSON: an object of the names of health.Settings.Fields,
// durations as 60s. What it does not name is as in base. Everything that is wrong is told together.
func ParseHealthSettings(r io.Reader, base health.Settings) (health.Settings, error) {
	file, err := doc.ReadSource(r)
	if err != nil {
		return base, fmt.Errorf("health settings: %w", err)
	}
	var node any
	switch len(file.Items) {
	case 1:
		node = file.Items[0]
	default:
		if file.Empty {
			break
		}
		return base, errors.New("health settings: a single object is needed, such as {min_samples: 50}")
	}
	values, ok := node.(map[string]any)
	if !ok && node != nil {
		return base, errors.New("health settings: an object is needed, such as {min_samples: 50}")
	}
	var patch health.Patch
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text, ok := settingText(values[name])
		if !ok {
			errs = append(errs, fmt.Errorf("%s: needs a number, a duration, true or false", name))
			continue
		}
		patch = append(patch, health.Change{Field: name, Value: text})
	}
	s, err := base.Overlaid(patch)
	if err := errors.Join(append(errs, err)...); err != nil {
		return base, fmt.Errorf("health settings:\n%w", err)
	}
	return s, nil
}
