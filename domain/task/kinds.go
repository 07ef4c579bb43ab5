package task

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// MaxKinds bounds the kinds of a deployment.
const MaxKinds = 256

// Kinds are the kinds of a deployment. There is one of each name.
type Kinds []Kind

// BuiltIn returns the kinds that Millrace itself makes tasks of. A deployment that declares one of them changes its
// policy.
func BuiltIn() Kinds {
	payout, clawback := DefaultBatch(RewardPayout), DefaultBatch(RewardClawback)
	for _, k := range []*Kind{&payout, &clawback} {
		// A provider may be away for a night. What was asked of it stays on record for disputes.
		k.Retry.MaxAttempts, k.Retry.Cap = 30, time.Hour
		k.Retry.NonRetryable = []string{CodeInvalidPayload}
		k.Persist, k.History = Always, 90*24*time.Hour
	}
	return Kinds{payout, clawback}
}

// isOwn tells whether Millrace itself makes the tasks of a kind, and nobody else may.
func isOwn(kind string) bool {
	_, own := BuiltIn().Find(kind)
	return own
}

// With returns k with the kinds that a deployment declares: they replace those of the same name.
func (k Kinds) With(declared ...Kind) Kinds {
	all := slices.Clone(k)
	for _, d := range declared {
		if i := all.index(d.Name); i >= 0 && i < len(k) {
			all[i] = d
			continue
		}
		all = append(all, d)
	}
	return all
}

// Find returns the kind of a name.
func (k Kinds) Find(name string) (Kind, bool) {
	if i := k.index(name); i >= 0 {
		return k[i], true
	}
	return Kind{}, false
}

func (k Kinds) index(name string) int {
	return slices.IndexFunc(k, func(x Kind) bool { return x.Name == name })
}

// plans tells whether a kind has a schedule of a name.
func (k Kinds) plans(kind, schedule string) bool {
	x, _ := k.Find(kind)
	return slices.ContainsFunc(x.Schedules, func(p Plan) bool { return p.Name == schedule })
}

// Names returns the names of all kinds, in their order.
func (k Kinds) Names() []string {
	names := make([]string, len(k))
	for i := range k {
		names[i] = k[i].Name
	}
	return names
}

// Validate returns every problem of every kind, joined, and names that stand there twice.
func (k Kinds) Validate() error {
	var errs []error
	if len(k) > MaxKinds {
		errs = append(errs, fmt.Errorf("%d kinds: declare at most %d", len(k), MaxKinds))
	}
	for i, kind := range k {
		if err := kind.Validate(); err != nil {
			errs = append(errs, prefixed(kind.Name+": ", err))
		}
		if k.index(kind.Name) < i {
			errs = append(errs, fmt.Errorf("%s: declare it once, it stands there twice", kind.Name))
		}
	}
	return errors.Join(errs...)
}
