package deadletter

import (
	"cmp"
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
)

// Selection are the dead letters that a decision on many is about; what is empty selects nothing out.
type Selection struct {
	Reason string `query:"reason" enum:"@dead_letter_reason" doc:"Only this reason"`
	Group  string `query:"group" maxLength:"256" doc:"Only of this group"`
	Topic  string `query:"topic" maxLength:"256" doc:"Only records of this topic"`
	Kind   string `query:"kind" maxLength:"64" doc:"Only exhausted tasks of this kind"`
	From   string `query:"from" maxLength:"64" example:"2026-03-01T10:00:00Z" doc:"Only those filed at or after this time: RFC 3339, or epoch milliseconds"`
	To     string `query:"to" maxLength:"64" example:"2026-03-02T10:00:00Z" doc:"Only those filed before this time, which is after from"`
}

// span reads the bounds in time; to is 0 for none.
func (s Selection) span() (from, to instant.Milli, err error) {
	for _, bound := range []struct {
		name, text string
		into       *instant.Milli
	}{{"from", s.From, &from}, {"to", s.To, &to}} {
		if err := bound.into.UnmarshalText([]byte(bound.text)); err != nil {
			return 0, 0, problem.Invalid("/query/"+bound.name, "wrong_type", err.Error())
		}
	}
	if s.To != "" && to <= from {
		return 0, 0, problem.Invalid("/query/to", "out_of_range", "must be after from")
	}
	return from, to, nil
}

// kindOf returns the kind of an exhausted task, as its group begins the letter's detail; empty for other letters.
func kindOf(row *deadletter.Row) string {
	if row.Reason != payment.TaskExhausted {
		return ""
	}
	kind, _, _ := strings.Cut(row.Detail, " ")
	return kind
}

// chosen is a letter that a selection has.
type chosen struct {
	letterKey
	source
}

// statesFor returns in which states a letter can be decided so.
func statesFor(op deadletter.Op) []deadletter.State {
	if op == deadletter.Purge {
		return []deadletter.State{deadletter.Replayed, deadletter.Discarded}
	}
	return []deadletter.State{deadletter.Open}
}

// selected returns the letters that a selection has and that can be decided so, filed up to a time, oldest first, and
// how many there are by reason. Those of one partition that were filed at once are in the order of their records.
func (x *Index) selected(op deadletter.Op, s Selection, from, to, upTo instant.Milli) (found []chosen,
	reasons map[string]int64) {
	reasons = map[string]int64{}
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, state := range statesFor(op) {
		tree := x.ordered[letterFilter{s.Reason, s.Group, state.String()}]
		if tree == nil {
			continue
		}
		tree.Reverse(func(k letterKey) bool { // the newest stand first
			p := x.places[k.id]
			switch {
			case k.at > upTo || to != 0 && k.at >= to:
				return false
			case k.at < from, s.Topic != "" && s.Topic != p.source.topic, s.Kind != "" && s.Kind != p.kind:
				return true
			}
			found = append(found, chosen{k, p.source})
			reasons[p.reason]++
			return true
		})
	}
	slices.SortStableFunc(found, func(a, b chosen) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.offset, b.offset))
	})
	return found, reasons
}

// batchMark begins the ids of the commands of a batch: mark, identity, dot, fingerprint.
const batchMark = "lb_"

// counted is what the rows say of a batch: how many letters it has decided, and on how many its command was refused.
type counted struct{ done, refused int64 }

// ofBatches returns the batches that have judged a letter, by the ids of their commands.
func ofBatches(row *deadletter.Row) map[string]counted {
	var out map[string]counted
	for _, v := range row.Verdicts {
		if !strings.HasPrefix(v.CommandID, batchMark) {
			continue
		}
		if out == nil {
			out = map[string]counted{}
		}
		if v.Result == verdict.Refused {
			out[v.CommandID] = counted{refused: 1}
		} else {
			out[v.CommandID] = counted{done: 1}
		}
	}
	return out
}

// count adds what a letter says of batches, or with by = -1 takes it away. The caller holds the lock.
func (x *Index) count(batches map[string]counted, by int64) {
	for command, n := range batches {
		batch := verdict.Identity(command)
		if x.batches[batch] == nil {
			x.batches[batch] = map[string]counted{}
		}
		sum := x.batches[batch][command]
		sum.done, sum.refused = sum.done+by*n.done, sum.refused+by*n.refused
		if x.batches[batch][command] = sum; sum == (counted{}) {
			delete(x.batches[batch], command)
		}
		if len(x.batches[batch]) == 0 {
			delete(x.batches, batch)
		}
	}
}

// batch returns what the rows say of a batch, by the ids of its commands: more than one if a key was used twice.
func (x *Index) batch(id string) map[string]counted {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := map[string]counted{}
	for command, n := range x.batches[id] {
		out[command] = n
	}
	return out
}
