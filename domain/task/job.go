package task

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/millrace/millrace/domain/instant"
)

// Job is a schedule at work. It lies in the row of its own ordering key, so its tasks run one after the other.
type Job struct {
	Kind, Name string
	Spec       Spec
	Payload    []byte
	// Next is when it fires; 0: it was retired, or never fires again.
	Next instant.Milli
	// Fired is the time of the last fire.
	Fired instant.Milli
	// Retired: the schedule is withdrawn.
	Retired bool
}

// JobKey returns the ordering key of a kind's schedule.
func JobKey(kind, name string) string { return "schedule:" + kind + "/" + name }

// declare puts a plan in force. A fire that is due is kept: it was promised before the plan changed.
func (j *Job) declare(kind string, p Plan, s Schedule, now instant.Milli) *Job {
	next := Job{Kind: kind, Name: p.Name, Spec: p.Spec, Payload: p.Payload}
	if j != nil {
		next.Fired = j.Fired
		if !j.Retired && j.Next != 0 && (j.Next <= now || j.Spec == p.Spec) {
			next.Next = j.Next
			return &next
		}
	}
	next.Next = s.Next(now) // now is never before Fired: the row's time does not go back
	return &next
}

// same tells whether nothing has changed.
func (j *Job) same(next *Job) bool {
	return j != nil && j.Spec == next.Spec && bytes.Equal(j.Payload, next.Payload) && j.Next == next.Next &&
		j.Retired == next.Retired
}

// retire takes the schedule out of force, with a fire that is due and has not come.
func (j *Job) retire() *Job {
	next := *j
	next.Retired, next.Next = true, 0
	return &next
}

// fire returns the job after the fire that is due at now, and the task that it makes; nil if none is. Fires that were
// missed since are that one.
func (j *Job) fire(s Schedule, now instant.Milli) (*Job, *Task) {
	if j.Next == 0 || j.Next > now {
		return j, nil
	}
	next := *j
	next.Fired, next.Next = j.Next, s.Next(now)
	return &next, &Task{
		ID: j.id(j.Next), Kind: j.Kind, Key: JobKey(j.Kind, j.Name), Payload: j.Payload, At: j.Next,
	}
}

// id is the same for a fire that is decided again.
func (j *Job) id(at instant.Milli) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", j.Kind, j.Name, at))
	return "tj_" + hex.EncodeToString(sum[:16])
}
