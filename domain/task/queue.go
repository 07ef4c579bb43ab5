package task

import (
	"strings"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
)

// Queue is the row of one ordering key: its tasks that have not ended. It is immutable. A nil queue is empty.
type Queue struct {
	// Now is the wall time of the last change; it never goes back.
	Now instant.Milli
	// Last is the number of the last arrival.
	Last int64
	// Head is the task that has begun, nil if none has. Nothing behind it runs before it has ended.
	Head *Entry
	// Waiting are tasks that have not begun, by priority, due time and arrival. Those that the row has no room for lie
	// on Pages.
	Waiting []*Entry
	Pages   []PageRef
	// LastPage is the number of the page that was written last.
	LastPage int64
	// Fetching is the number of the page that was asked for, 0 if none was.
	Fetching int64
	// Seen are the dedupe keys that are remembered, in the order of their arrival.
	Seen []Seen
	// Doomed are the tasks to be cancelled when their page comes.
	Doomed []Doom
	Token  Token
	// Stopped is the kind of the task whose turn it is, if that kind is paused or not declared; the key waits until the
	// kind goes on.
	Stopped string
	// Wake is the earliest timer that was asked for and has not come.
	Wake     instant.Milli
	Job      *Job
	Verdicts verdict.List
}

// Policy is what a deployment and its people say about kinds.
type Policy struct {
	Kinds Kinds
	// Paused tells whether a kind is paused; nil: none is.
	Paused func(kind string) bool
	// Parse reads schedules.
	Parse Parser
}

// runs tells whether tasks of a kind may start.
func (p Policy) runs(kind string) bool {
	_, declared := p.Kinds.Find(kind)
	return declared && (p.Paused == nil || !p.Paused(kind))
}

// verdictKept is how long a row that has nothing else keeps the verdicts on commands.
const verdictKept = 24 * time.Hour

// Idle tells whether nothing is left to keep: the row may be deleted.
func (q *Queue) Idle() bool {
	return q == nil || !q.busy() && len(q.Seen) == 0 && len(q.Verdicts) == 0
}

func (q *Queue) busy() bool {
	return q.Head != nil || len(q.Waiting) > 0 || len(q.Pages) > 0 || q.Job != nil
}

// Depth returns how many tasks have not ended.
func (q *Queue) Depth() int64 {
	if q == nil {
		return 0
	}
	n := int64(len(q.Waiting))
	for _, p := range q.Pages {
		n += p.Count
	}
	if q.Head != nil {
		n++
	}
	return n
}

// Verdict returns the verdict on a command, if it is among the last.
func (q *Queue) Verdict(commandID string) (verdict.Verdict, bool) {
	if q == nil {
		return verdict.Verdict{}, false
	}
	return q.Verdicts.Find(commandID)
}

// MaxRowBytes bounds a queue, whatever comes in: a task that has begun, MaxWaitingBytes of others, and what is
// remembered.
const MaxRowBytes = 832 << 10

// Size bounds what the queue takes up as a row, in bytes.
func (q *Queue) Size() int64 {
	const room, seen, page = 128, 32, 40
	n := int64(room + MaxKey + len(q.Seen)*seen + len(q.Pages)*page + len(q.Token.Kind) + len(q.Stopped))
	if q.Head != nil {
		n += q.Head.size()
	}
	n += sizeOf(q.Waiting)
	for _, d := range q.Doomed {
		n += int64(page + len(d.ID))
	}
	for _, v := range q.Verdicts {
		n += int64(room + len(v.CommandID))
		for _, p := range v.Problems {
			n += int64(room + len(p.Pointer) + len(p.Code) + len(p.Detail))
		}
	}
	if j := q.Job; j != nil {
		n += int64(room + len(j.Kind) + len(j.Name) + len(j.Spec.Cron) + len(j.Spec.Zone) + len(j.Payload))
	}
	return n
}

func sizeOf(entries []*Entry) (n int64) {
	for _, e := range entries {
		n += e.size()
	}
	return n
}

// named tells whether s can be an id, or with most = MaxKey a key. Control characters are free for the keys of pages.
func named(s string, most int) bool {
	return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
