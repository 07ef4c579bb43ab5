package catalog

import (
	"strings"
	"sync"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/serve"
)

// KeyIndex knows for which row each command that the catalog remembers was, so that an Idempotency-Key that comes again
// for another entity is found out: ids are as CommandID makes them.
type KeyIndex struct {
	mu   sync.RWMutex
	keys map[string]string   // row key by the identity of a command
	held map[string][]string // identities by row key
}

// NewKeyIndex returns an empty one.
func NewKeyIndex() *KeyIndex {
	return &KeyIndex{keys: map[string]string{}, held: map[string][]string{}}
}

// Take brings the commands of a row up to date; nil for a row that is gone.
func (x *KeyIndex) Take(key string, row *catalog.Row) {
	var held []string
	if row != nil {
		for _, v := range row.Verdicts {
			if identity, content, _ := strings.Cut(v.CommandID, "."); content != "" && content != serve.NoKey {
				held = append(held, identity)
			}
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, identity := range x.held[key] {
		delete(x.keys, identity)
	}
	for _, identity := range held {
		x.keys[identity] = key
	}
	if x.held[key] = held; held == nil {
		delete(x.held, key)
	}
}

// elsewhere tells whether a command of the same identity was for another row than key.
func (x *KeyIndex) elsewhere(commandID, key string) bool {
	identity := verdict.Identity(commandID)
	x.mu.RLock()
	defer x.mu.RUnlock()
	other, known := x.keys[identity]
	return known && other != key
}
