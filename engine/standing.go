package engine

import "sync"

// standing joins what the processor and the view of a group say of its table, where a process has both.
type standing struct {
	mu    sync.Mutex
	words map[string]map[string]bool // by group, by who speaks
}

// Who may speak.
const (
	ofProcessor = "processor"
	ofView      = "view"
)

func (m *Metrics) setRecovered(group string, yes bool) { m.stands(group, ofProcessor, &yes) }

// stands takes in a word, nil to take it back.
func (m *Metrics) stands(group, who string, yes *bool) {
	s := &m.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.words == nil {
		s.words = map[string]map[string]bool{}
	}
	if s.words[group] == nil {
		s.words[group] = map[string]bool{}
	}
	if yes == nil {
		delete(s.words[group], who)
	} else {
		s.words[group][who] = *yes
	}
	if len(s.words[group]) == 0 {
		m.recovered.DeleteLabelValues(group)
		return
	}
	v := 1.0
	for _, word := range s.words[group] {
		if !word {
			v = 0
		}
	}
	m.recovered.WithLabelValues(group).Set(v)
}
