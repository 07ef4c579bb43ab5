package catalog

import (
	"sync"
	"time"

	"github.com/millrace/millrace/domain/verdict"
)

// claims know for which row of the catalog each Idempotency-Key was used of late, before its command has a verdict that
// KeyIndex could know of: two requests at once under one key that name two entities would otherwise both be done, each
// by a row that knows nothing of the other. It is this server's memory: between two servers such a pair is still
// possible, since no row is that of both.
type claims struct {
	mu           sync.Mutex
	since        time.Time         // of recent
	recent, past map[string]string // row key by the identity of a command
}

// claimedFor is how long a key is remembered at least; at most it is twice as long. A command waits 5 s for its
// verdict.
const claimedFor = time.Minute

// take reports whether the key of a command is free for a row, and remembers it.
func (c *claims) take(commandID, key string, now time.Time) bool {
	identity := verdict.Identity(commandID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := now.Sub(c.since); age >= claimedFor || age < 0 || c.recent == nil {
		c.past, c.recent, c.since = c.recent, map[string]string{}, now
		if age >= 2*claimedFor {
			c.past = nil
		}
	}
	for _, known := range []map[string]string{c.recent, c.past} {
		if other, used := known[identity]; used && other != key {
			return false
		}
	}
	c.recent[identity] = key
	return true
}
