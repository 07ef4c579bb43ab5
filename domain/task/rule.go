package task

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Rule declares that every event of a trigger makes a task of a kind.
type Rule struct {
	On   Trigger
	Kind string
	// Delay is how long after the event the task becomes due, up to MaxAhead. Defaults to 0: at once.
	Delay time.Duration
	// Priority orders the due tasks of a key, MinPriority to MaxPriority.
	Priority int64
	// Dedupe drops the task where one came before, within Kind.Dedupe, by an event of the same trigger and scope.
	// Defaults to none.
	Dedupe Scope
}

// Rules are what a deployment declares; without any, events make no tasks.
type Rules []Rule

// Validate returns every problem, joined: unknown triggers, kinds that are no names or are Millrace's own, rules that
// stand there twice, and values out of bounds.
func (r Rules) Validate() error {
	var errs []error
	for i, rule := range r {
		errs = append(errs, rule.validate(i))
		if slices.ContainsFunc(r[:i], func(x Rule) bool { return x.On == rule.On && x.Kind == rule.Kind }) {
			errs = append(errs, fmt.Errorf("%d: on %q makes %q already", i, rule.On, rule.Kind))
		}
	}
	return errors.Join(errs...)
}

func (r Rule) validate(i int) error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%d: "+format, append([]any{i}, args...)...))
	}
	known := slices.Contains(Triggers(), r.On)
	if !known {
		bad("on %q is none of %q", r.On, Triggers())
	}
	switch {
	case !isName(r.Kind):
		bad("kind %q: want lower case letters, digits and _, a letter first, at most 64", r.Kind)
	case isOwn(r.Kind):
		bad("kind %q is Millrace's own: its tasks are made by Millrace alone", r.Kind)
	}
	if r.Delay < 0 || r.Delay > MaxAhead {
		bad("delay %s: write 0s to %s", r.Delay, MaxAhead)
	}
	if r.Priority < MinPriority || r.Priority > MaxPriority {
		bad("priority %d: write %d to %d", r.Priority, MinPriority, MaxPriority)
	}
	if known && r.Dedupe != "" {
		if err := oneOf("dedupe", r.Dedupe, r.On.Scopes()); err != nil {
			bad("%w", err)
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
	// Within are the values of the trigger's scopes but the first, which is the key, and the last, which is ID.
	Within []string
	At     instant.Milli
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
		s := &Submission{Task: Task{
			ID: e.id(rule.Kind), Kind: rule.Kind, Key: rule.Kind + "/" + e.Key, On: e.On, Payload: body, At: e.At,
		}, Priority: rule.Priority, Dedupe: e.dedupe(rule.Dedupe)}
		if rule.Delay > 0 {
			s.Due = e.At.Add(rule.Delay)
		}
		tasks = append(tasks, s)
	}
	return tasks
}

// id tells the kinds of tasks of one event apart: each is a piece of work of its own.
func (e Event) id(kind string) string { return "tk_" + digest(string(e.On), kind, e.ID) }

// dedupe returns the dedupe key by a scope, empty for none. Queues compare it among the tasks of one kind and key.
func (e Event) dedupe(by Scope) string {
	switch n := slices.Index(e.On.Scopes(), by); {
	case by == "" || n < 0:
		return ""
	case by == ByEvent:
		return digest(string(e.On), string(by), e.ID)
	default:
		return digest(string(e.On), string(by), e.Within[:n])
	}
}

// digest is a hash of parts, which cannot run into each other.
func digest(first, second string, parts []string) string {
	h := sha256.New()
	var size [8]byte
	for _, part := range append([]string{first, second}, parts...) {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
