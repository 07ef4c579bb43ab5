package health

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Setting changes the settings of a mode, or of one instrument of it, from an event time on: the record of
// `health-settings`, keyed by mode.
type Setting struct {
	Mode       string
	Instrument string // empty: all of the mode
	// EffectiveFrom is the event time from which it holds, until the next one of the same mode and instrument. Another
	// that comes later and holds from the same time, or an earlier one, replaces it: so a withdrawal also ends what is
	// yet to come.
	EffectiveFrom instant.Milli
	// Patch is over the settings of the deployment (of an instrument: over those of its mode), not over the setting
	// before it. An empty one takes all changes back.
	Patch Patch
	Actor string
}

// Patch is a change of some fields of Settings, by name, without doubles.
type Patch []Change

// Change is the new value of one field, written as Settings.Fields writes it.
type Change struct{ Field, Value string }

// Scope says how finely a field of Settings may be set.
type Scope uint8

// The scopes.
const (
	// ForDeployment: one value for everything, from the configuration. Windows of several lengths would not meet in one
	// evaluation.
	ForDeployment Scope = iota
	// ForMode: by mode.
	ForMode
	// ForInstrument: by mode, and by instrument.
	ForInstrument
)

// Field is one of the Settings by name.
type Field struct {
	Name  string
	Scope Scope
	// Value is its value as text: a duration as 1m30s, a number, numbers with commas between, true or false.
	Value string
}

// errUnknownField is a field that Settings do not have, errFieldScope one that cannot be set so finely.
var (
	errUnknownField = errors.New("not a setting")
	errFieldScope   = errors.New("not a setting of a mode")
)

// FieldError is what is wrong with one field of a Patch.
type FieldError struct {
	Field string
	Err   error
}

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *FieldError) Unwrap() error { return e.Err }

// Fields returns every setting with its value, in a fixed order.
func (s Settings) Fields() []Field {
	var out []Field
	for _, f := range s.fields() {
		out = append(out, Field{f.name, f.scope, f.text()})
	}
	return out
}

// With returns s changed by p, or everything that is wrong with p or with what would come of it, joined. What is wrong
// with a field is a FieldError.
func (s Settings) With(p Patch) (Settings, error) { return s.patched(p, ForMode) }

// Overlaid is With for another deployment: every field may be changed.
func (s Settings) Overlaid(p Patch) (Settings, error) { return s.patched(p, ForDeployment) }

func (s Settings) patched(p Patch, coarsest Scope) (Settings, error) {
	var errs []error
	next := s
	fields := next.fields()
	for _, c := range p {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == c.Field })
		switch {
		case i < 0:
			errs = append(errs, &FieldError{c.Field, errUnknownField})
		case fields[i].scope < coarsest:
			errs = append(errs, &FieldError{c.Field, errFieldScope})
		default:
			if err := fields[i].set(c.Value); err != nil {
				errs = append(errs, &FieldError{c.Field, err})
			}
		}
	}
	if errs == nil {
		errs = append(errs, next.Validate())
	}
	if err := errors.Join(errs...); err != nil {
		return s, err
	}
	return next, nil
}

// At returns the settings of an instrument of a mode, or with an empty one of the mode itself, at the event time t: s,
// changed by the newest of the mode's settings in force, then by the newest of the instrument's. One that does not go
// with the rest is left out: it was judged before the rest was changed.
func (s Settings) At(settings []Setting, instrument string, t instant.Milli) Settings {
	s = s.under(settings, "", t)
	if instrument != "" {
		s = s.under(settings, instrument, t)
	}
	return s
}

func (s Settings) under(settings []Setting, instrument string, t instant.Milli) Settings {
	var newest *Setting
	for i := range settings {
		x := &settings[i]
		if x.Instrument == instrument && x.EffectiveFrom <= t &&
			(newest == nil || x.EffectiveFrom >= newest.EffectiveFrom) {
			newest = x
		}
	}
	if newest == nil {
		return s
	}
	if next, err := s.With(newest.Patch); err == nil {
		return next
	}
	return s
}

// File puts a setting in its place among those of its mode, ordered by EffectiveFrom and instrument. It takes the place
// of what is filed already of the same mode and instrument from its own EffectiveFrom on.
func File(settings []Setting, x Setting) []Setting {
	settings = slices.DeleteFunc(slices.Clone(settings), func(y Setting) bool {
		return y.Instrument == x.Instrument && y.EffectiveFrom >= x.EffectiveFrom
	})
	i, _ := slices.BinarySearchFunc(settings, x, func(a, b Setting) int {
		return cmp.Or(cmp.Compare(a.EffectiveFrom, b.EffectiveFrom), cmp.Compare(a.Instrument, b.Instrument))
	})
	return slices.Insert(settings, i, x)
}

// field is a place in some Settings: to is a pointer into them.
type field struct {
	name  string
	scope Scope
	to    any
}

// fields lists the places in s. A new setting needs its line here.
func (s *Settings) fields() []field {
	return []field{
		{"window", ForDeployment, &s.Window},
		{"advance", ForDeployment, &s.Advance},
		{"grace", ForDeployment, &s.Grace},
		{"correction_horizon", ForDeployment, &s.CorrectionHorizon},
		{"keep", ForDeployment, &s.Keep},
		{"places", ForDeployment, &s.Places},
		{"max_ejection_percent", ForMode, &s.MaxEjectionPercent},
		{"count_timeouts", ForInstrument, &s.CountTimeouts},
		{"windows", ForInstrument, &s.Windows},
		{"half_life", ForInstrument, &s.HalfLife},
		{"weights", ForInstrument, &s.Weights},
		{"wilson_below", ForInstrument, &s.WilsonBelow},
		{"min_samples", ForInstrument, &s.MinSamples},
		{"degraded_below", ForInstrument, &s.DegradedBelow},
		{"down_below", ForInstrument, &s.DownBelow},
		{"down_after", ForInstrument, &s.DownAfter},
		{"up_after", ForInstrument, &s.UpAfter},
		{"probing", ForInstrument, &s.Probing},
		{"retry_step", ForInstrument, &s.RetryStep},
		{"retry_max", ForInstrument, &s.RetryMax},
		{"probe_percent", ForInstrument, &s.ProbePercent},
		{"probe_count", ForInstrument, &s.ProbeCount},
		{"probe_good", ForInstrument, &s.ProbeGood},
		{"policy", ForInstrument, &s.Policy},
	}
}

func (f field) text() string {
	switch to := f.to.(type) {
	case *time.Duration:
		return to.String()
	case *bool:
		return strconv.FormatBool(*to)
	case *int:
		return strconv.Itoa(*to)
	case *int64:
		return strconv.FormatInt(*to, 10)
	case *string:
		return *to
	case *float64:
		return strconv.FormatFloat(*to, 'f', -1, 64)
	case *[]float64:
		texts := make([]string, len(*to))
		for i, v := range *to {
			texts[i] = strconv.FormatFloat(v, 'f', -1, 64)
		}
		return strings.Join(texts, ",")
	}
	return ""
}

// The errors of field.set.
var (
	errDuration = errors.New("must be a duration such as 1m30s")
	errBool     = errors.New("must be true or false")
	errWhole    = errors.New("must be a whole number")
	errNumber   = errors.New("must be a number")
	errNumbers  = errors.New("must be numbers with commas between, such as 1,0.5,0.25")
)

func (f field) set(text string) error {
	var err, want error
	switch to := f.to.(type) {
	case *time.Duration:
		*to, err = time.ParseDuration(text)
		want = errDuration
	case *bool:
		*to, err = strconv.ParseBool(text)
		want = errBool
	case *int:
		*to, err = strconv.Atoi(text)
		want = errWhole
	case *int64:
		*to, err = strconv.ParseInt(text, 10, 64)
		want = errWhole
	case *string:
		*to = text
	case *float64:
		*to, err = strconv.ParseFloat(text, 64)
		want = errNumber
	case *[]float64:
		*to, err = parseNumbers(text)
		want = errNumbers
	}
	if err != nil {
		return want
	}
	return nil
}

func parseNumbers(text string) ([]float64, error) {
	if text == "" {
		return nil, nil
	}
	var out []float64
	for word := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
