package token

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// verifiedFor is how long a token that was found valid is not looked at again: a signature costs more than most
	// answers. A key that is withdrawn is trusted for that much longer.
	verifiedFor = 30 * time.Second
	// maxVerified bounds the memory for it; beyond, all are forgotten.
	maxVerified = 10_000
)

// verified remembers for whom tokens speak, by their SHA-256. It is safe for concurrent use.
type verified struct {
	mu     sync.RWMutex
	tokens map[[sha256.Size]byte]verdict
}

type verdict struct {
	identity Identity
	until    time.Time
}

func (v *verified) find(id [sha256.Size]byte, now time.Time) (Identity, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	known, ok := v.tokens[id]
	return known.identity, ok && now.Before(known.until)
}

// keep remembers a token up to its expiry at most.
func (v *verified) keep(id [sha256.Size]byte, i Identity, now, expires time.Time) {
	until := now.Add(verifiedFor)
	if expires.Before(until) {
		until = expires
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tokens == nil || len(v.tokens) >= maxVerified {
		v.tokens = map[[sha256.Size]byte]verdict{}
	}
	v.tokens[id] = verdict{i, until}
}
