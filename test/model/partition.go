package model

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine/watermark"
)

// partition is the event time of one partition of `transactions`: what the partitions of intake say in it.
type partition struct {
	reports   map[string][]report // by origin, a report for each source
	watermark instant.Milli       // 0: not known
}

// report is the last report of one source.
type report struct {
	said bool
	watermark.Record
}

func newPartition() *partition { return &partition{reports: map[string][]report{}} }

// observe applies a report of a source. Time is that of the slowest, once each has reported. Idle sources are left out;
// if all are idle, time is the latest of theirs and what has passed since. It never goes back.
func (p *partition) observe(r watermark.Record) {
	if len(p.reports[r.Origin]) != int(r.Sources) {
		p.reports[r.Origin] = make([]report, r.Sources)
	}
	p.reports[r.Origin][r.Source] = report{true, r}
	var slowest, latest *report
	for _, words := range p.reports {
		for i := range words {
			w := &words[i]
			switch known := w.Time != watermark.None; {
			case !w.said, !w.Idle && !known:
				return
			case !w.Idle && (slowest == nil || w.Time < slowest.Time):
				slowest = w
			case w.Idle && known && (latest == nil || w.Time > latest.Time || w.Time == latest.Time &&
				w.Elapsed < latest.Elapsed):
				latest = w
			}
		}
	}
	switch {
	case slowest != nil:
		p.watermark = max(p.watermark, instant.Milli(slowest.Time))
	case latest != nil:
		p.watermark = max(p.watermark, instant.Milli(latest.Time+latest.Elapsed))
	}
}
