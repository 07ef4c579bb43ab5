package topology

import (
	"slices"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/codecs/doc"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/stream"
)

// is says what a topic is in the cluster, beside its codec: what its records are keyed by, and how long they are kept.
type is struct {
	key  string
	kept time.Duration
	// but changes what follows from that.
	but func(*Spec)
}

// topic declares a stream of the deployment: the one place where it is said what it is.
func topic[T any](t *Topology, into *stream.Topic[T], declared stream.Topic[T], what is) {
	declared.Name = t.Config.Prefix + declared.Name
	*into = declared
	spec := t.stream(declared.Name, what.key, formatOf(declared.Codec), what.kept)
	if what.but != nil {
		what.but(&spec)
	}
	t.topics = append(t.topics, spec)
}

// formatOf returns how a codec writes: one whose values have a form writes JSON.
func formatOf(codec any) Format {
	switch codec.(type) {
	case doc.Formed:
		return JSON
	case paymentcodec.Raw:
		return Raw
	default:
		return Binary
	}
}

// edges are what a group reads and writes, beside its table.
type edges struct {
	// key is what the input, and with it the table, is keyed by.
	key    string
	inputs []string
	// outputs are topics that it writes, beside dead-letters, lookups tables of other groups that it reads whole.
	outputs, lookups goka.Edges
	// loop tells that it writes to its own other keys, timers that it sets any.
	loop, timers bool
}

// group declares a processor group. What it cannot use goes to dead-letters, unless that is what it reads.
func group[Row any](t *Topology, into *stream.Group[Row], declared stream.Group[Row], what edges) {
	id := declared.Name
	declared.Name, declared.DeadLetters = t.Config.Prefix+id, t.DeadLetterRecords.Name
	*into = declared
	if !slices.Contains(what.inputs, declared.DeadLetters) {
		what.outputs = append(what.outputs, stream.DeadLetters(declared))
	}
	spec := GroupSpec{
		ID: id, Name: declared.Name, Inputs: what.inputs, Key: what.key, Outputs: what.outputs.Topics(),
		Lookups: what.lookups.Topics(), Clock: declared.Clock,
	}
	spec.edges = slices.Concat(what.outputs, what.lookups)
	if declared.Row != nil {
		spec.Table = string(declared.Table())
		spec.edges = append(spec.edges, stream.Persist(declared))
	}
	if what.loop {
		spec.Loop = declared.Name + "-loop" // as goka names it
	}
	if what.timers {
		spec.Timers = stream.TimerTopic(declared.Name)
	}
	t.groups = append(t.groups, spec)
}

// Graph returns the graph of a group of the topology: its table, outputs and lookups as they are declared, and the
// callbacks of its inputs, loop, timers and sweep.
func Graph[Row any](t *Topology, g stream.Group[Row], callbacks ...goka.Edge) *goka.GroupGraph {
	i := slices.IndexFunc(t.groups, func(spec GroupSpec) bool { return spec.Name == g.Name })
	return goka.DefineGroup(g.Goka(), slices.Concat(callbacks, t.groups[i].edges)...)
}
