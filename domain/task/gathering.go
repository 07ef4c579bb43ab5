package task

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// Gathering is the runs of a batch kind that a worker collects for one call of the handler. A queue hands out one run
// of a key at a time, so the records of a batch are of different keys, and the order of a key holds among batches.
type Gathering struct {
	Runs  []Run
	Bytes int64
	// Since is when the first run came.
	Since instant.Milli
}

// Add takes a run. A later run of a task that is here already replaces the earlier one. It returns false, and takes
// nothing, where the batch has to be called first: the run does not fit.
func (g *Gathering) Add(r Run, bounds Gather, now instant.Milli) bool {
	same := slices.IndexFunc(g.Runs, func(x Run) bool { return x.Task.ID == r.Task.ID && x.Task.Key == r.Task.Key })
	bytes := g.Bytes + int64(len(r.Task.Payload))
	switch {
	case same >= 0:
		if r.Number > g.Runs[same].Number {
			g.Runs[same] = r
		}
		return true
	case len(g.Runs) > 0 && (int64(len(g.Runs)) >= bounds.MaxSize || bytes > bounds.MaxBytes):
		return false
	case len(g.Runs) == 0:
		g.Since = now
	}
	g.Runs, g.Bytes = append(g.Runs, r), bytes
	return true
}

// Ready tells whether the batch is to be called now: it is full, or its first run has waited long enough.
func (g *Gathering) Ready(bounds Gather, now instant.Milli) bool {
	return len(g.Runs) > 0 && (int64(len(g.Runs)) >= bounds.MaxSize || g.Bytes >= bounds.MaxBytes ||
		now >= g.Due(bounds))
}

// Due returns when the batch is to be called at the latest; 0 while it is empty.
func (g *Gathering) Due(bounds Gather) instant.Milli {
	if len(g.Runs) == 0 {
		return 0
	}
	return g.Since.Add(bounds.MaxAge)
}

// Result is what a handler says about one record of a batch: an answer without the run, which Answers fills in.
type Result struct {
	TaskID string
	Answer Answer
}

// CodeNoResult is the error code of a record that its handler said nothing about.
const CodeNoResult = "no_result"

// Answers returns an answer for every run, in their order. A record without a result has failed, since nobody knows
// what became of it; of two results for one record the first counts. So one bad record fails alone.
func (g *Gathering) Answers(results []Result) []Answer {
	out := make([]Answer, len(g.Runs))
	for i, r := range g.Runs {
		a := Answer{Outcome: Fail, Code: CodeNoResult, Error: "the handler gave no result for this record"}
		if j := slices.IndexFunc(results, func(x Result) bool { return x.TaskID == r.Task.ID }); j >= 0 {
			a = results[j].Answer
		}
		a.TaskID, a.Kind, a.Run = r.Task.ID, r.Task.Kind, r.Number
		out[i] = a
	}
	return out
}
