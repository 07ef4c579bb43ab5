package engine

import (
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// link is the plain client for admin requests and for reading changelogs. It is there while somebody uses it: goka
// builds consumers and topic managers that it never closes, so they acquire it for each use.
type link struct {
	config ClientConfig

	mu     sync.Mutex
	client *kgo.Client
	users  int
}

// acquire returns the client, which the caller must release.
func (l *link) acquire() (*kgo.Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == nil {
		opts, err := l.config.Options()
		if err != nil {
			return nil, err
		}
		if l.client, err = kgo.NewClient(opts...); err != nil {
			return nil, fmt.Errorf("engine: %w", err)
		}
	}
	l.users++
	return l.client, nil
}

func (l *link) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.users--; l.users == 0 {
		l.client.Close()
		l.client = nil
	}
}
