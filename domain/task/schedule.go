package task

import (
	"errors"
	"fmt"

	"github.com/millrace/millrace/domain/instant"
)

// MaxExpression bounds a cron expression and the name of a zone, in bytes.
const MaxExpression = 256

// Spec is when a schedule fires, as people write it.
type Spec struct {
	// Cron is a cron expression of five fields, such as `30 2 * * *`.
	Cron string
	// Zone is an IANA time zone, such as Europe/Berlin.
	Zone string
}

// Plan is a schedule of a kind.
type Plan struct {
	// Name tells the schedules of a kind apart: lower case letters, digits and _, a letter first, at most 64.
	Name string
	Spec Spec
	// Payload is the JSON that each task of the schedule gets; empty: none.
	Payload []byte
}

func (p Plan) validate() error {
	var errs []error
	if !isName(p.Name) {
		errs = append(errs, fmt.Errorf("name %q: %s", p.Name, wantName))
	}
	if p.Spec.Cron == "" || len(p.Spec.Cron) > MaxExpression {
		errs = append(errs, fmt.Errorf("cron: write five fields such as 30 2 * * *, at most %d bytes", MaxExpression))
	}
	if p.Spec.Zone == "" || len(p.Spec.Zone) > MaxExpression {
		errs = append(errs, errors.New("zone: write an IANA time zone such as Europe/Berlin, or UTC"))
	}
	if len(p.Payload) > MaxPayload {
		errs = append(errs, fmt.Errorf("payload: %d bytes, at most %d", len(p.Payload), int64(MaxPayload)))
	}
	return errors.Join(errs...)
}

// Schedule is a Spec that was parsed. Next returns the first time after t at which it fires, 0 if there is none.
type Schedule interface {
	Next(t instant.Milli) instant.Milli
}

// Parser makes a Schedule of a Spec; its error says what to write.
type Parser func(Spec) (Schedule, error)
