package audit

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/millrace/millrace/domain/ledger"
)

// chain are postings of a transaction that follow each other in one user's partition. Of a transaction whose user was
// erased there is a second one in nobody's.
type chain struct {
	user            string
	place           string // of its last posting
	first, seq      int64  // numbers of its first and last posting
	before, net     int64  // of the transaction, before the first and after the last
	beganAt, lastAt int64  // event time of the first, and the latest of all
}

// join appends a posting to the chain that it follows, or begins one.
func join(chains []chain, place string, p *ledger.Posting) []chain {
	for i := len(chains) - 1; i >= 0; i-- {
		c := &chains[i]
		if c.user == p.UserID && p.Seq == c.seq+1 && p.NetBefore == c.net {
			c.seq, c.net, c.place, c.lastAt = p.Seq, p.NetAfter, place, max(c.lastAt, int64(p.At))
			return chains
		}
	}
	return append(chains, chain{
		user: p.UserID, place: place, first: p.Seq, seq: p.Seq, before: p.NetBefore, net: p.NetAfter,
		beganAt: int64(p.At), lastAt: int64(p.At),
	})
}

// livesOf puts chains together to the lives of a transaction, oldest first: it begins anew, with posting 1 from 0,
// after its row has expired. whole: every posting is there, so a life that begins otherwise is broken, and says so.
// Else what came before is gone.
func livesOf(chains []chain, whole bool) (lives []chain, broken string) {
	if len(chains) == 1 && (!whole || chains[0].begins()) {
		return chains, ""
	}
	rest := slices.Clone(chains)
	slices.SortFunc(rest, func(a, b chain) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.beganAt, b.beganAt))
	})
	for _, c := range rest {
		if i := slices.IndexFunc(lives, func(l chain) bool { return c.follows(&l) }); i >= 0 {
			lives[i].seq, lives[i].net, lives[i].place, lives[i].lastAt = c.seq, c.net, c.place,
				max(lives[i].lastAt, c.lastAt)
			continue
		}
		if broken == "" && !c.begins() && (whole || slices.ContainsFunc(lives, func(l chain) bool {
			return l.user == c.user
		})) {
			broken = c.strange(lives)
		}
		lives = append(lives, c)
	}
	slices.SortFunc(lives, func(a, b chain) int {
		return cmp.Or(cmp.Compare(a.beganAt, b.beganAt), cmp.Compare(a.seq, b.seq))
	})
	return lives, broken
}

func (c *chain) begins() bool { return c.first == 1 && c.before == 0 }

func (c *chain) follows(l *chain) bool {
	return c.first == l.seq+1 && c.before == l.net && c.user != l.user && c.beganAt >= l.beganAt
}

func (c *chain) strange(lives []chain) string {
	if len(lives) == 0 {
		return fmt.Sprintf("its first posting is number %d, from %d (%s)", c.first, c.before, c.place)
	}
	l := lives[len(lives)-1]
	if c.first == l.seq+1 {
		return fmt.Sprintf("posting %d begins at %d, the one before ends at %d (%s)", c.first, c.before, l.net, c.place)
	}
	return fmt.Sprintf("posting %d comes after posting %d (%s)", c.first, l.seq, c.place)
}
