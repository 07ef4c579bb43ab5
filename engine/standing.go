package engine

import "sync"

// recoveryReports joins what the processor and the view of a group report of its table, where a process has both.
type recoveryReports struct {
	mu      sync.Mutex
	byGroup map[string]map[string]bool // recovered or not; by group, by reporter
}

// Reporters.
const (
	ofProcessor = "processor"
	ofView      = "view"
)

func (m *Metrics) setRecovered(group string, yes bool) { m.reportRecovered(group, ofProcessor, &yes) }

// reportRecovered sets what a reporter reports of a group's table; nil withdraws it.
func (m *Metrics) reportRecovered(group, who string, yes *bool) {
	s := &m.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byGroup == nil {
		s.byGroup = map[string]map[string]bool{}
	}
	if s.byGroup[group] == nil {
		s.byGroup[group] = map[string]bool{}
	}
	if yes == nil {
		delete(s.byGroup[group], who)
	} else {
		s.byGroup[group][who] = *yes
	}
	if len(s.byGroup[group]) == 0 {
		m.recovered.DeleteLabelValues(group)
		return
	}
	v := 1.0
	for _, word := range s.byGroup[group] {
		if !word {
			v = 0
		}
	}
	m.recovered.WithLabelValues(group).Set(v)
}
