package task

import (
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// tokenLapse is how long after its time a token may be used; then the key asks for another one, so that nobody saves
// tokens up.
const tokenLapse = time.Minute

// Token is what a key has of a limited kind: asked for while At is 0, else good from At on for one run.
type Token struct {
	Kind string
	At   instant.Milli
}

// token tells whether a run of the kind may start now, and uses the token up. Without one it asks.
func (t *turn) token(k Kind) bool {
	if k.Limit.Runs == 0 {
		return true
	}
	has := t.q.Token
	switch {
	case has.Kind != k.Name || has.At != 0 && t.now > has.At.Add(tokenLapse):
		t.q.Token = Token{Kind: k.Name}
		t.emit(Asked{k.Name})
		return false
	case has.At == 0 || has.At > t.now:
		return false
	}
	t.q.Token = Token{}
	return true
}

// Grant takes the time at which a run of a limited kind may start. One that the key does not wait for is dropped.
func Grant(q *Queue, key string, token Token, p Policy, now instant.Milli) (*Queue, []Effect) {
	t := take(q, key, p, now)
	if t.q.Token == (Token{Kind: token.Kind}) && token.Kind != "" {
		t.q.Token = token
	}
	return t.settle()
}
