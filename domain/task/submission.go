package task

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
)

// Submission is a task on its way into the queue of its key: the record of `tasks`, keyed by Task.Key.
type Submission struct {
	Task Task
	// Dedupe drops the task where one of its kind and key with the same Dedupe came within Kind.Dedupe. Empty: it drops
	// only a repetition of its id, while that still waits or runs.
	Dedupe string
	// Due is the wall time before which the task does not run; 0, or in the past: at once.
	Due instant.Milli
	// Priority orders the due tasks of a key, MinPriority to MaxPriority.
	Priority int64
}

// MaxAhead is how far ahead programs outside may plan. It is a day below MaxDelayed, since clocks differ.
const MaxAhead = 365 * 24 * time.Hour

// CheckSubmission returns what is wrong with a task that a program outside submits, by field. Its key is KIND/KEY, as
// those of triggers are.
func CheckSubmission(s *Submission, kinds Kinds, now instant.Milli) problem.List {
	var found problem.List
	add := func(field, detail string) {
		found = append(found, problem.One("/"+field, problem.InvalidField, detail)...)
	}
	kind, declared := kinds.Find(s.Task.Kind)
	switch {
	case isOwn(s.Task.Kind):
		add("kind", "is Millrace's own: its tasks are made by Millrace alone")
	case !declared:
		add("kind", "is no kind of this deployment, declare it under tasks.kinds"+
			problem.Hint(s.Task.Kind, kinds.Names()))
	case s.Dedupe != "" && kind.Dedupe == 0:
		add("dedupe", "its kind remembers none (dedupe: 0s): leave it out, or change the kind")
	}
	for _, f := range s.faults(true, now.Add(MaxAhead)) {
		if f.field == "key" {
			f.detail = fmt.Sprintf("write 1 to %d bytes without control characters", MaxKey-len(s.Task.Kind)-1)
		}
		add(f.field, f.detail)
	}
	return found
}

// fault is what is wrong with a field of a submission.
type fault struct {
	field  string
	reason payment.Reason
	detail string
}

func wrongKey() fault {
	return fault{"key", payment.InvalidField,
		fmt.Sprintf("write the record's key, at most %d bytes without control characters", MaxKey)}
}

// faults returns what is wrong with the submission by itself; latest is the last due time that is accepted.
func (s *Submission) faults(declared bool, latest instant.Milli) []fault {
	var found []fault
	add := func(wrong bool, field string, reason payment.Reason, format string, args ...any) {
		if wrong {
			found = append(found, fault{field, reason, fmt.Sprintf(format, args...)})
		}
	}
	if !named(s.Task.Key, MaxKey) {
		found = append(found, wrongKey())
	}
	add(!named(s.Task.ID, MaxID), "id", payment.InvalidField, "write 1 to %d bytes without control characters", MaxID)
	add(!declared, "kind", payment.InvalidField, "declare it under tasks.kinds, then replay this letter")
	add(len(s.Dedupe) > MaxID, "dedupe", payment.InvalidField, "write at most %d bytes", MaxID)
	add(s.Priority < MinPriority || s.Priority > MaxPriority, "priority", payment.InvalidField, "write %d to %d",
		MinPriority, MaxPriority)
	add(s.Due > latest, "due", payment.InvalidField, "write a time in the next %d days", MaxAhead/(24*time.Hour))
	add(len(s.Task.Payload) > MaxPayload, "payload", payment.TooLarge,
		"write at most %d bytes, and where the handler finds the rest", MaxPayload)
	return found
}
