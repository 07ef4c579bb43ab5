package health

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/window"
)

// Settings say how health is measured and judged (docs/design.md, section 8.4).
type Settings struct {
	// Window is the length of a window. Defaults to 1 minute.
	Window time.Duration
	// Advance is how far apart windows start: Window is a multiple of it, so that windows hop and overlap. Defaults to
	// 0, which stands for Window: windows tumble.
	Advance time.Duration
	// Grace is how far event time goes past a window's end before it closes. Defaults to 10 s.
	Grace time.Duration
	// CorrectionHorizon is how far behind the watermark an attempt may be and still correct its closed window; older
	// ones become dead letters. Defaults to 24 h.
	CorrectionHorizon time.Duration
	// Keep is how long a closed window stays readable after its end. At least twice CorrectionHorizon, so that a window
	// is still there for a partition whose time is behind. Defaults to 48 h.
	Keep time.Duration
	// CountTimeouts says whether timeouts count as eligible, that is against the technical rate. Defaults to true.
	CountTimeouts bool
	// Windows is how many windows a score looks back on (K). Of windows that overlap it looks at those that lie end to
	// end with the newest, so that no attempt counts twice. Defaults to 30.
	Windows int
	// HalfLife is the age, in windows, at which a window weighs half. Defaults to 5.
	HalfLife int
	// Weights are what windows weigh, newest first, in place of HalfLife: 0 to 1, at most Windows of them, older
	// windows weigh nothing. Defaults to none.
	Weights []float64
	// WilsonBelow is the number of eligible attempts under which a score is judged by the lower bound of Wilson's 95 %
	// interval for its rate, so that little evidence speaks against a bank. Defaults to 0: never.
	WilsonBelow int64
	// MinSamples is how many eligible attempts a score needs in its windows; with fewer it is insufficient and the
	// state is kept. Defaults to 20.
	MinSamples int64
	// DegradedBelow is the rate below which up becomes degraded, and from which on a window speaks for recovery.
	// Defaults to 0.85.
	DegradedBelow float64
	// DownBelow is the rate below which a window speaks for down. Defaults to 0.70.
	DownBelow float64
	// DownAfter is how many windows running below DownBelow make it down. Defaults to 2.
	DownAfter int
	// UpAfter is how many windows running at or above DegradedBelow make it up again. Defaults to 3.
	UpAfter int
	// MaxEjectionPercent is the largest share of a mode's instruments that may be disabled at a time, rounded down, but
	// one of two or more always may. Defaults to 50.
	MaxEjectionPercent int
	// Probing says how what is down comes back: by probes, or, off, by hysteresis alone. Defaults to false.
	Probing bool
	// RetryStep is how long a level stays down before it is probed, and by how much longer after each further time that
	// it goes down; at most RetryMax. Both count from the window end that decided. Default to 30 s and 5 min.
	RetryStep, RetryMax time.Duration
	// ProbePercent is the share of its traffic that a level gets while it is probed. Defaults to 5.
	ProbePercent int
	// ProbeCount is how many probes decide, ProbeGood the share of them that must be good. Default to 10 and 0.90.
	ProbeCount int64
	ProbeGood  float64
	// Places is how many mode/instrument/gateway a mode keeps; what has less traffic than these is counted in the place
	// `other`. Defaults to 4000, the most that fit into a row.
	Places int
	// Policy is the name of the routing policy, see PolicyOf. Defaults to proportional.
	Policy string
}

// DefaultSettings returns the defaults.
func DefaultSettings() Settings {
	return Settings{
		Window: time.Minute, Grace: 10 * time.Second, CorrectionHorizon: 24 * time.Hour, Keep: 48 * time.Hour,
		CountTimeouts: true, Windows: 30, HalfLife: 5, MinSamples: 20,
		DegradedBelow: 0.85, DownBelow: 0.70, DownAfter: 2, UpAfter: 3, MaxEjectionPercent: 50,
		RetryStep: 30 * time.Second, RetryMax: 5 * time.Minute, ProbePercent: 5, ProbeCount: 10, ProbeGood: 0.90,
		Places: maxPlaces, Policy: policyProportional,
	}
}

// Limits that hold for any settings.
const (
	maxWindows  = 1000
	maxHalfLife = 1000
	maxOverlap  = 60
)

// Validate returns every problem of s, joined.
func (s Settings) Validate() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	if err := s.spec().Validate(); err != nil {
		errs = append(errs, err)
	}
	need(s.Advance == 0 || s.Advance > 0 && s.Window%s.Advance == 0 && s.Window/s.Advance <= maxOverlap,
		"advance %v: the window %v must be 1 to %d times as long", s.Advance, s.Window, maxOverlap)
	need(s.CorrectionHorizon >= s.Window+s.Grace, "correction horizon %v: must be at least window plus grace",
		s.CorrectionHorizon)
	need(s.CorrectionHorizon <= 365*24*time.Hour, "correction horizon %v: must be at most a year", s.CorrectionHorizon)
	need(s.Keep >= 2*s.CorrectionHorizon, "keep %v: must be at least twice the correction horizon", s.Keep)
	need(s.Windows >= 1 && s.Windows <= maxWindows, "windows %d: must be 1 to %d", s.Windows, maxWindows)
	need(s.HalfLife >= 1 && s.HalfLife <= maxHalfLife, "half life %d: must be 1 to %d windows", s.HalfLife, maxHalfLife)
	need(s.Windows*s.overlap() <= maxWindows, "windows %d: %d of them overlap, at most %d in all", s.Windows,
		s.overlap(), maxWindows)
	if err := s.validateWeights(); err != nil {
		errs = append(errs, err)
	}
	need(s.WilsonBelow >= 0, "wilson below %d: must not be negative", s.WilsonBelow)
	need(s.MinSamples >= 1, "min samples %d: must be at least 1", s.MinSamples)
	need(s.DownBelow > 0 && s.DownBelow <= s.DegradedBelow && s.DegradedBelow <= 1,
		"thresholds %v and %v: need 0 < down below <= degraded below <= 1", s.DownBelow, s.DegradedBelow)
	need(s.DownAfter >= 1, "down after %d: must be at least 1 window", s.DownAfter)
	need(s.UpAfter >= 1, "up after %d: must be at least 1 window", s.UpAfter)
	need(s.MaxEjectionPercent >= 0 && s.MaxEjectionPercent <= 100, "max ejection %d %%: must be 0 to 100",
		s.MaxEjectionPercent)
	need(s.RetryStep > 0 && s.RetryMax >= s.RetryStep, "retry %v up to %v: need 0 < step <= max", s.RetryStep,
		s.RetryMax)
	need(s.ProbePercent >= 1 && s.ProbePercent <= 100, "probes %d %%: must be 1 to 100", s.ProbePercent)
	need(s.ProbeCount >= 1, "probe count %d: must be at least 1", s.ProbeCount)
	need(s.ProbeGood > 0 && s.ProbeGood <= 1, "good probes %v: must be over 0 and at most 1", s.ProbeGood)
	need(s.Places >= 1 && s.Places <= maxPlaces, "places %d: must be 1 to %d", s.Places, maxPlaces)
	_, known := policyOf(s.Policy)
	need(known, "policy %q: must be one of %s", s.Policy, strings.Join(policies(), ", "))
	return errors.Join(errs...)
}

func (s Settings) validateWeights() error {
	if len(s.Weights) == 0 {
		return nil
	}
	total := 0.0
	for _, w := range s.Weights {
		if !(w >= 0 && w <= 1) {
			return fmt.Errorf("weights %v: each must be 0 to 1", s.Weights)
		}
		total += w
	}
	if total == 0 || len(s.Weights) > s.Windows {
		return fmt.Errorf("weights %v: must be at most %d, not all 0", s.Weights, s.Windows)
	}
	return nil
}

// step returns how far apart the windows of the grid start.
func (s Settings) step() time.Duration {
	if s.Advance > 0 {
		return s.Advance
	}
	return s.Window
}

// overlap returns how many windows each attempt is in.
func (s Settings) overlap() int {
	if s.Advance <= 0 {
		return 1
	}
	return int(s.Window / s.Advance)
}

func (s Settings) spec() window.Spec {
	if s.Advance > 0 && s.Advance != s.Window {
		return window.Hopping(s.Window, s.Advance, s.Grace)
	}
	return window.Tumbling(s.Window, s.Grace)
}

// age returns how many whole windows lie between two window ends, 0 for the same.
func (s Settings) age(newest, end instant.Milli) int64 {
	size := int64(s.Window / time.Millisecond)
	if size <= 0 {
		return 0
	}
	return int64(newest-end) / size
}
