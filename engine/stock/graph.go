package stock

import (
	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
)

// graph is what a transport needs to know of a processor.
type graph struct {
	group    string
	table    string      // topic; empty: none
	topics   []string    // all that must exist
	carriers []goka.Edge // outputs that carry event time
	timers   bool
	sweeps   bool
	lookups  map[string]lookup
	offsets  map[string]*Offsets // of inputs, loop and look-ups
}

func readGraph(g *goka.GroupGraph, c Config, ends *ends) graph {
	out := graph{group: string(g.Group()), lookups: map[string]lookup{}, offsets: map[string]*Offsets{}}
	for _, e := range g.AllEdges() {
		switch {
		case e.Codec() != nil:
			out.topics = append(out.topics, e.Topic())
		case e.Topic() == stream.TimerVisit: // only visitors have no codec
			out.timers = true
		case e.Topic() == stream.SweepVisit:
			out.sweeps = true
		}
	}
	if e := g.GroupTable(); e != nil {
		out.table = e.Topic()
	}
	for _, e := range g.OutputStreams() {
		if stream.TimeOf(e) == stream.Watermarked {
			out.carriers = append(out.carriers, e)
		}
	}
	for _, e := range g.InputStreams() {
		out.offsets[e.Topic()] = new(Offsets)
	}
	if e := g.LoopStream(); e != nil {
		out.offsets[e.Topic()] = new(Offsets)
	}
	for _, e := range g.LookupTables() {
		l := lookup{codec: e.Codec(), reader: newReader(c.Partitions, c.Index[e.Topic()], func(p int32) int64 {
			return ends.get(e.Topic(), p)
		})}
		out.lookups[e.Topic()], out.offsets[e.Topic()] = l, l.reader.offsets
	}
	return out
}

// lookup is another group's table that callbacks read.
type lookup struct {
	codec  goka.Codec
	reader *reader
}
