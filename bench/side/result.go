package main

import (
	"fmt"
	"slices"

	"github.com/millrace/millrace/bench/workload"
)

// result holds the CPU time of an event, in microseconds, of each run of each side.
type result struct {
	stage workload.Stage
	codec string
	runs  map[string][]float64
}

// spread is a median with the extremes.
type spread struct{ least, middle, most float64 }

func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return spread{v[0], (v[(n-1)/2] + v[n/2]) / 2, v[n-1]}
}

// ratio is of the pairs: what stock needs for an event over what the engine needs for it in the run beside.
func (r result) ratio() spread {
	ratios := make([]float64, len(r.runs[stock]))
	for i, of := range r.runs[stock] {
		ratios[i] = of / r.runs[disk][i]
	}
	return spreadOf(ratios)
}

// String is the line of the result.
func (r result) String() string {
	q := r.ratio()
	return fmt.Sprintf("stage=%s codec=%s stock=%.1f engine=%.1f us/event ratio=%.2f (%.2f…%.2f) memory=%.1f",
		r.stage, r.codec, spreadOf(r.runs[stock]).middle, spreadOf(r.runs[disk]).middle, q.middle, q.least, q.most,
		spreadOf(r.runs[memory]).middle)
}

func heading(o options) string {
	return fmt.Sprintf(`CPU time of the worker process for an event: medians of %d runs in turns, %d events each, %d partitions, broker in its own process.
stock   goka on sarama, LevelDB, acks=all, at least once
engine  goka on the engine, tables on disk (pebble), exactly once; goka.Persist is engine.Persist, else the graph is the same
memory  as engine, with tables in memory
Callbacks and codec are the same. Every run's output is checked.`, o.pairs, o.events, o.partitions)
}
