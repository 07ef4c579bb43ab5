package stock

// assign begins a session: partitions start without event time and timers, whatever they had before.
func (t *Transport) assign(claims map[string][]int32) {
	parts := map[int32]*partition{}
	for topic, numbers := range claims {
		for _, n := range numbers {
			if parts[n] == nil {
				parts[n] = newPartition(n)
			}
			parts[n].claims[topic] = &claim{topic: topic, partition: n, offsets: t.graph.offsets[topic]}
		}
	}
	t.config.Metrics.setRecovered(t.graph.group, false)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.partitions = parts
}

// lose ends a session.
func (t *Transport) lose() {
	t.config.Metrics.setRecovered(t.graph.group, false)
	t.config.Metrics.forget(t.graph.group)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.partitions = map[int32]*partition{}
}

func (t *Transport) assigned() []*partition {
	t.mu.RLock()
	defer t.mu.RUnlock()
	parts := make([]*partition, 0, len(t.partitions))
	for _, p := range t.partitions {
		parts = append(parts, p)
	}
	return parts
}

func (t *Transport) claim(topic string, number int32) *claim {
	t.mu.RLock()
	defer t.mu.RUnlock()
	p := t.partitions[number]
	if p == nil {
		return nil
	}
	return p.claims[topic]
}
