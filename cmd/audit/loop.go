package audit

import (
	"slices"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/topology"
)

// loop is what a group has sent to its own other keys, and has not handled yet. The two rows of such a move do not
// agree while it is under way, and behind a backlog that takes longer than any difference is given to settle.
type loop struct {
	topic   string
	handled map[int32]int64 // by partition, as the table says
}

func newLoop(t *topology.Topology, group string) *loop {
	return &loop{topic: loopTopic(t, group), handled: map[int32]int64{}}
}

// loopTopic returns the topic by which a group reaches its own other keys.
func loopTopic(t *topology.Topology, group string) string {
	groups := t.Groups()
	return groups[slices.IndexFunc(groups, func(g topology.GroupSpec) bool { return g.Name == group })].Loop
}

func (l *loop) setPosition(partition int32, at position.Position) {
	l.handled[partition] = at[l.topic]
}

// moves are the last moves that concern an account, by partition of the loop; nil for most accounts.
type moves map[int32]int64

func (m *moves) note(partition int32, offset int64) {
	if *m == nil {
		*m = moves{}
	}
	(*m)[partition] = offset
}

// underWay tells whether one of them is not handled yet.
func (m moves) underWay(l *loop) bool {
	for partition, offset := range m {
		if offset >= l.handled[partition] {
			return true
		}
	}
	return false
}
