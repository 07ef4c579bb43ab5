package views

import (
	"context"
	"sync"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/stream"
	auditviews "github.com/millrace/millrace/views/audit"
	"github.com/millrace/millrace/views/serve"
)

// memAudit are the topics of the audit, and the reader that feeds the index.
type memAudit struct {
	f       *fixture
	mu      sync.Mutex
	values  map[auditviews.AuditPlace][]byte
	next    map[auditviews.AuditPlace]int64 // by the place of the first line of a partition
	failing error
}

// append writes a line, or nothing in the place of one, at the end of the partition of its key.
func (m *memAudit) append(topic, key string, line *audit.Line) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := auditviews.AuditPlace{Topic: topic, Place: serve.Place{Partition: stream.Partition([]byte(key), tablePartitions)}}
	begin := at
	at.Offset = m.next[begin]
	m.next[begin] += 2 // transactions have markers between
	if line == nil {
		m.f.indexes.Audit(at, key, nil)
		return
	}
	value, err := m.f.topology.Audit.Codec.Encode(line)
	m.f.check(err)
	m.values[at] = value
	m.f.indexes.Audit(at, key, value)
}

func (m *memAudit) Current(context.Context) error { return m.failing }

func (m *memAudit) Read(_ context.Context, places []auditviews.AuditPlace) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	values := make([][]byte, len(places))
	for i, p := range places {
		values[i] = m.values[p]
	}
	return values, m.failing
}
