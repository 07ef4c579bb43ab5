package audit

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/engine/timer"
	"github.com/millrace/millrace/engine/watermark"
)

// overdue is by how much the wall clock may have passed a timer of a wall-timed group.
const overdue = 30 * time.Second

// timers is the book of one group's timers, against the time that its table says it has come to.
type timers struct {
	group   string
	wall    bool
	pending map[int32]map[timer.Timer]bool // true: time has passed it
	settled map[int32]int64
	checked map[int32]int64 // settled as of the check before
}

func newTimers(group string, wall bool) *timers {
	return &timers{group: group, wall: wall, pending: map[int32]map[timer.Timer]bool{}, settled: map[int32]int64{},
		checked: map[int32]int64{}}
}

func (b *timers) add(partition int32, key string, value []byte) error {
	t, err := timer.ParseKey(key)
	if err != nil {
		return err
	}
	if b.pending[partition] == nil {
		b.pending[partition] = map[timer.Timer]bool{}
	}
	if value == nil {
		delete(b.pending[partition], t)
	} else {
		b.pending[partition][t] = false
	}
	return nil
}

func (b *timers) setTime(partition int32, value []byte) error {
	at, err := watermark.SettledOf(value)
	if err == nil && at != watermark.None {
		b.settled[partition] = at
	}
	return err
}

// open returns the timers that are due. One that was set for the past is called when time next rises: it is overdue
// only if time rose and left it.
func (b *timers) open(now time.Time) []difference {
	var out []difference
	for partition, pending := range b.pending {
		by, at := b.checked[partition], b.settled[partition]
		rose := at > by
		b.checked[partition] = max(at, by)
		if b.wall {
			by, rose = now.Add(-overdue).UnixMilli(), true
		}
		for t, late := range pending {
			if late = late || rose && by != 0 && t.Due <= by; !late {
				continue
			}
			pending[t] = true
			out = append(out, difference{
				check: checkTimers, sure: true, key: fmt.Sprint(b.group, t), place: b.group,
				text: fmt.Sprintf("group %s, partition %d: timer %q of key %q was due at %s", b.group, partition,
					t.Name, t.Key, time.UnixMilli(t.Due).UTC().Format(time.RFC3339Nano)),
			})
		}
	}
	return out
}
