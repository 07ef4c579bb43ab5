package model

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine/watermark"
)

// partition is the event time of one partition of `transactions`: what the partitions of intake say in it.
type partition struct {
	words     map[string][]word // by who says it
	watermark instant.Milli     // 0: not known
}

// word is the last that one source said.
type word struct {
	said bool
	watermark.Record
}

func newPartition() *partition { return &partition{words: map[string][]word{}} }

// hear takes in what a source says. Time is that of the slowest, once each has spoken. Who is idle is not waited for;
// if all are, time is the latest of theirs and what has passed since. It never goes back.
func (p *partition) hear(r watermark.Record) {
	if len(p.words[r.Origin]) != int(r.Sources) {
		p.words[r.Origin] = make([]word, r.Sources)
	}
	p.words[r.Origin][r.Source] = word{true, r}
	var slowest, latest *word
	for _, words := range p.words {
		for i := range words {
			w := &words[i]
			switch known := w.Time != watermark.None; {
			case !w.said, !w.Idle && !known:
				return
			case !w.Idle && (slowest == nil || w.Time < slowest.Time):
				slowest = w
			case w.Idle && known && (latest == nil || w.Time > latest.Time || w.Time == latest.Time && w.Elapsed < latest.Elapsed):
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
