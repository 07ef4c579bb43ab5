package engine

import "sync"

// letters counts the dead letters of the transaction under way, by reason: one that is aborted comes again.
type letters struct {
	mu    sync.Mutex
	filed map[string]int
}

func (l *letters) add(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.filed == nil {
		l.filed = map[string]int{}
	}
	l.filed[reason]++
}

// drain returns the counts and resets them.
func (l *letters) drain() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	filed := l.filed
	l.filed = nil
	return filed
}
