package payment

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// Config holds the settings of normalisation.
type Config struct {
	// HealthInstruments tells, by mode, which fields name the instruments whose health a payment counts for:
	// "instrument", "gateway", a label or "attributes.<key>", one or several. Modes are lower case.
	// Defaults, for each mode that it does not name, to "instrument".
	HealthInstruments map[string][]string
	// Declines overrides the shipped table of decline codes (shippedDecline): upper-case code to "technical" or
	// "business". Defaults to none.
	Declines map[string]string
	// FutureBound is how far past its record's append time an event may lie. Defaults to 5 min.
	FutureBound time.Duration
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{FutureBound: 5 * time.Minute} }

const attributePrefix = "attributes."

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	var errs []error
	for _, mode := range sortedKeys(c.HealthInstruments) {
		if mode == "" || mode != Name(mode) {
			errs = append(errs, fmt.Errorf("health_instruments: mode %q must be lower case and not empty", mode))
		}
		if len(c.HealthInstruments[mode]) == 0 {
			errs = append(errs, fmt.Errorf("health_instruments: mode %q names no field", mode))
		}
		for _, ref := range c.HealthInstruments[mode] {
			if !validRef(ref) {
				errs = append(errs, fmt.Errorf("health_instruments: mode %q: %q is no field; want %s or attributes.<key>",
					mode, ref, strings.Join(healthRefs(), ", ")))
			}
		}
	}
	for _, code := range sortedKeys(c.Declines) {
		if code == "" || code != normaliseCode(code) {
			errs = append(errs, fmt.Errorf("declines: code %q must be upper case, without spaces around it, and not empty", code))
		}
		if _, ok := parseDecline(c.Declines[code]); !ok {
			errs = append(errs, fmt.Errorf("declines: code %q: %q must be technical or business", code,
				c.Declines[code]))
		}
	}
	if c.FutureBound <= 0 {
		errs = append(errs, fmt.Errorf("future_bound: %v must be positive", c.FutureBound))
	}
	return errors.Join(errs...)
}

func validRef(ref string) bool {
	return slices.Contains(healthRefs(), ref) ||
		strings.HasPrefix(ref, attributePrefix) && len(ref) > len(attributePrefix)
}

func healthRefs() []string { return append([]string{"instrument", "gateway"}, LabelNames()...) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
