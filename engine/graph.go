package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// graph is what the engine needs to know of a processor.
type graph struct {
	group    string
	input    string // topic, one of several
	table    string // topic; empty: none
	timers   string // topic of the timers; empty: the group has none
	rows     goka.Codec
	amends   amender                // of the rows; nil: their codec does not
	shares   bool                   // rows are never changed, see Persist
	loop     string                 // topic; empty: none
	outputs  map[string]goka.Codec  // and the loop's
	topics   []string               // all that must exist
	carriers []string               // outputs that carry event time
	times    map[string]stream.Time // of inputs
	timed    []watermark.Input      // inputs that have event time
	wall     bool                   // the group goes by the wall clock
	beat     time.Duration          // how often the table says as of when it is; 0: never
	home     string                 // input whose offset metadata keeps event time, where there is no table
	sweeps   bool
	lookups  map[string]lookup
	offsets  map[string]*Offsets // of inputs, loop and look-ups
}

// lookup is another group's table that callbacks read.
type lookup struct {
	codec  goka.Codec
	parts  *replicas
	maxAge time.Duration // 0: any
}

func readGraph(g *goka.GroupGraph, c Config) graph {
	out := graph{
		group: string(g.Group()), lookups: map[string]lookup{}, offsets: map[string]*Offsets{},
		outputs: map[string]goka.Codec{},
		times:   map[string]stream.Time{},
	}
	for _, e := range g.AllEdges() {
		out.wall = out.wall || stream.ClockOf(e) == stream.WallClock
		switch {
		case e.Codec() != nil:
			out.topics = append(out.topics, e.Topic())
		case e.Topic() == stream.TimerVisit: // only visitors have no codec
			out.timers = stream.TimerTopic(out.group)
			out.topics = append(out.topics, out.timers)
		case e.Topic() == stream.SweepVisit:
			out.sweeps = true
		}
	}
	if e := g.GroupTable(); e != nil {
		out.table, out.rows, out.shares = e.Topic(), e.Codec(), sharesRows(e)
		out.amends, out.beat = amenderOf(e.Codec()), stream.HeartbeatOf(e)
	}
	for _, e := range g.OutputStreams() {
		out.outputs[e.Topic()] = e.Codec()
		if stream.TimeOf(e) == stream.Watermarked {
			out.carriers = append(out.carriers, e.Topic())
		}
	}
	for _, e := range g.InputStreams() {
		out.input, out.offsets[e.Topic()] = e.Topic(), new(Offsets)
		out.addInput(e.Topic(), stream.TimeOf(e))
	}
	if e := g.LoopStream(); e != nil {
		out.loop, out.outputs[e.Topic()] = e.Topic(), e.Codec()
		out.offsets[e.Topic()] = new(Offsets)
	}
	if out.wall { // time of inputs is not the group's
		out.timed, out.home = nil, ""
	}
	for _, e := range g.LookupTables() {
		l := lookup{codec: e.Codec(), parts: newReplicas(c.Index[e.Topic()]), maxAge: stream.MaxAgeOf(e)}
		out.lookups[e.Topic()], out.offsets[e.Topic()] = l, l.parts.offsets
	}
	return out
}

func (g *graph) addInput(topic string, t stream.Time) {
	g.times[topic] = t
	if t == stream.NoTime {
		return
	}
	g.timed = append(g.timed, watermark.Input{Topic: topic, Own: t == stream.OwnTime})
	if g.table == "" && (g.home == "" || topic < g.home) {
		g.home = topic
	}
}

// check returns every reason why the engine cannot run the graph, joined.
func (g *graph) check() error {
	var errs []error
	if g.wall && g.table == "" {
		errs = append(errs, fmt.Errorf("%w: group %s goes by the wall clock, and has no table to keep it in", ErrGraph,
			g.group))
	}
	if g.beat != 0 && (!g.wall || g.beat < leastBeat) {
		errs = append(errs, fmt.Errorf("%w: group %s has a heartbeat of %s: only groups that go by the wall clock have one, of at least %s", ErrGraph, g.group, g.beat, leastBeat))
	}
	for _, topic := range g.carriers {
		if g.wall {
			errs = append(errs, fmt.Errorf("%w: group %s goes by the wall clock, and cannot send event time to %s",
				ErrGraph, g.group, topic))
		}
	}
	return errors.Join(errs...)
}

// current tells whether input waits while a table that is looked up is too old.
func (g *graph) current() bool {
	for _, l := range g.lookups {
		if l.maxAge > 0 {
			return true
		}
	}
	return false
}
