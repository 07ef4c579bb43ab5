package task

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// Rule declares that every event of a trigger makes a task of a kind.
type Rule struct {
	On   Trigger
	Kind string
}

// Rules are what a deployment declares; without any, events make no tasks.
type Rules []Rule

// Validate returns every problem, joined: unknown triggers, kinds that are no names or are Millrace's own, and rules
// that stand there twice.
func (r Rules) Validate() error {
	var errs []error
	for i, rule := range r {
		if !slices.Contains(Triggers(), rule.On) {
			errs = append(errs, fmt.Errorf("%d: on %q is none of %q", i, rule.On, Triggers()))
		}
		switch {
		case !isName(rule.Kind):
			errs = append(errs, fmt.Errorf("%d: kind %q: want lower case letters, digits and _, a letter first, at most 64", i, rule.Kind))
		case rule.Kind == RewardPayout || rule.Kind == RewardClawback:
			errs = append(errs, fmt.Errorf("%d: kind %q is made by rewards themselves", i, rule.Kind))
		}
		if slices.Contains(r[:i], rule) {
			errs = append(errs, fmt.Errorf("%d: on %q makes %q already", i, rule.On, rule.Kind))
		}
	}
	return errors.Join(errs...)
}

const wantName = "write lower case letters, digits and _, a letter first, at most 64"

// CheckName returns what is wrong with the name of a kind.
func CheckName(kind string) error {
	if !isName(kind) {
		return fmt.Errorf("%q: %s", kind, wantName)
	}
	return nil
}

func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// Event is what a trigger looks at.
type Event struct {
	On Trigger
	// ID are parts that together name the event among all of its trigger: the same when it is judged again.
	ID []string
	// Key orders the tasks of a kind that it makes: theirs is KIND/KEY, so that no kind holds another one up.
	Key string
	At  instant.Milli
}

// Tasks returns the tasks that e makes, one for each rule of its trigger. payload is asked for the event's JSON if
// there is one.
func (r Rules) Tasks(e Event, payload func() []byte) []*Submission {
	var tasks []*Submission
	var body []byte
	for _, rule := range r {
		if rule.On != e.On {
			continue
		}
		if tasks == nil {
			body = payload()
		}
		tasks = append(tasks, &Submission{Task: Task{
			ID: e.id(rule.Kind), Kind: rule.Kind, Key: rule.Kind + "/" + e.Key, On: e.On, Payload: body, At: e.At,
		}})
	}
	return tasks
}

// id tells the kinds of tasks of one event apart: each is a piece of work of its own.
func (e Event) id(kind string) string {
	h := sha256.New()
	var size [8]byte
	for _, part := range append([]string{string(e.On), kind}, e.ID...) {
		binary.BigEndian.PutUint64(size[:], uint64(len(part))) // so that parts cannot run into each other
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return "tk_" + hex.EncodeToString(h.Sum(nil)[:16])
}
