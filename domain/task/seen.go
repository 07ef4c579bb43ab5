package task

import (
	"crypto/sha256"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// MaxSeen is how many dedupe keys an ordering key remembers; the oldest one is forgotten first.
const MaxSeen = 1024

// Seen is a dedupe key that came.
type Seen struct {
	Hash  [16]byte // of kind and dedupe key
	Until instant.Milli
}

func hashOf(kind, dedupe string) (h [16]byte) {
	sum := sha256.Sum256([]byte(kind + "\x00" + dedupe))
	copy(h[:], sum[:])
	return h
}

// repeats tells whether the task came before, and remembers it otherwise.
func (t *turn) repeats(s *Submission, k Kind) bool {
	if t.find(s.Task.ID) != nil {
		return true
	}
	if s.Dedupe == "" || k.Dedupe == 0 {
		return false
	}
	hash := hashOf(k.Name, s.Dedupe)
	if slices.ContainsFunc(t.q.Seen, func(x Seen) bool { return x.Hash == hash && x.Until > t.now }) {
		return true
	}
	seen := append(slices.Clip(t.q.Seen), Seen{hash, t.now.Add(k.Dedupe)})
	t.q.Seen = seen[max(0, len(seen)-MaxSeen):]
	return false
}

// forget drops what is remembered for no longer.
func (t *turn) forget() {
	over := func(x Seen) bool { return x.Until <= t.now }
	if slices.ContainsFunc(t.q.Seen, over) {
		t.q.Seen = slices.DeleteFunc(slices.Clone(t.q.Seen), over)
	}
	if n := len(t.q.Verdicts); n > 0 && !t.q.busy() && t.q.Verdicts[n-1].At.Add(verdictKept) <= t.now {
		t.q.Verdicts = nil
	}
}

// kept returns how long a row without tasks is needed.
func (t *turn) kept() (at instant.Milli) {
	for _, x := range t.q.Seen {
		at = max(at, x.Until)
	}
	if n := len(t.q.Verdicts); n > 0 {
		at = max(at, t.q.Verdicts[n-1].At.Add(verdictKept))
	}
	return at
}
