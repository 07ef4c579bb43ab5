package model

import (
	"fmt"

	"github.com/millrace/millrace/oracle"
)

// Judged says how far a Memory has judged.
type Judged struct {
	// Users is how many users were judged by what they may have forgotten; of others no order makes a difference.
	Users int
	// Several is how many of their missions could have come out in more than one way.
	Several int
	// Unknown names those of which nothing can be said, and why.
	Unknown []string
	// Impossible names those for which no order of records fits what progress says it had read.
	Impossible []string
}

// Judge puts right what a Fold wants of users whose rows do not remember everything: of all ways that are possible the
// one that was seen, else one of them. Of whom nothing can be said is left out on both sides.
func Judge(r *oracle.Recollection, m *oracle.Memory, want, got *Result) (j Judged) {
	seen, wanted := byMission(got.Progress), byMission(want.Progress)
	for _, id := range r.Users() {
		c := r.Of(id)
		if !m.Needs(c) {
			continue
		}
		j.Users++
		for mission, o := range m.Of(c) {
			there := seen[way{id, mission}]
			name := fmt.Sprintf("user %s in %s", id, mission)
			for k := range wanted[way{id, mission}] {
				delete(want.Progress, k)
			}
			switch {
			case o.Unknown != "":
				j.Unknown = append(j.Unknown, name+": "+o.Unknown)
				for k := range there {
					delete(got.Progress, k)
				}
				continue
			case len(o.Ways) == 0:
				j.Impossible = append(j.Impossible, name)
				continue
			case len(o.Ways) > 1:
				j.Several++
			}
			right := o.Ways[0]
			if o.Allows(there, true) {
				right = there
			}
			for k, p := range right {
				if p != (oracle.Progress{}) {
					want.Progress[k] = p
				}
			}
		}
	}
	return j
}

// way is a user's in a mission.
type way struct{ user, mission string }

func byMission(progress map[oracle.ProgressKey]oracle.Progress) map[way]map[oracle.ProgressKey]oracle.Progress {
	out := map[way]map[oracle.ProgressKey]oracle.Progress{}
	for k, p := range progress {
		w := way{k.User, k.Mission}
		if out[w] == nil {
			out[w] = map[oracle.ProgressKey]oracle.Progress{}
		}
		out[w][k] = p
	}
	return out
}
