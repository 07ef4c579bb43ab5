package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views"
	auditviews "github.com/millrace/millrace/views/audit"
	"github.com/millrace/millrace/views/serve"
)

// auditLog reads the topics of the audit, as views.AuditLog: from their beginning once, and then what is new, when
// somebody asks.
type auditLog struct {
	client  engine.ClientConfig
	topics  []string
	indexes *views.Indexes
	log     *slog.Logger
	records map[string]*records // by topic

	turn   chan struct{} // whoever has its one token uses what follows
	reader *cluster.Reader
	begun  time.Time // of the last round that came to its end
}

func newAuditLog(c Config, client *kgo.Client, x *views.Indexes) *auditLog {
	l := &auditLog{
		client: c.Settings.Client(), topics: auditTopics(c.Topology), indexes: x, log: c.Log,
		records: map[string]*records{}, turn: make(chan struct{}, 1),
	}
	for _, topic := range l.topics {
		l.records[topic] = &records{client, topic}
	}
	l.turn <- struct{}{}
	return l
}

func auditTopics(t *topology.Topology) []string { return []string{t.Audit.Name, t.AuditUsers.Name} }

// auditRetry is the pause before another try to load the audit.
const auditRetry = time.Second

// load reads the audit for the first time, so that whoever asks first need not wait for it.
func (l *auditLog) load(ctx context.Context) {
	for {
		err := l.Current(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		l.log.Warn("the audit cannot be loaded", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(auditRetry):
		}
	}
}

// Current implements views.AuditLog. A round that begins after the call is as good as one of its own.
func (l *auditLog) Current(ctx context.Context) error {
	asked := time.Now()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-l.turn:
	}
	defer func() { l.turn <- struct{}{} }()
	if l.begun.After(asked) {
		return nil
	}
	begun := time.Now()
	err := l.round(ctx)
	if errors.Is(err, cluster.ErrChanged) { // it is another topic now
		l.log.Warn("the audit is read anew", "error", err)
		l.close()
		l.indexes.AuditReset()
		err = l.round(ctx)
	}
	if err == nil {
		l.begun = begun
		l.indexes.AuditLoaded()
	}
	return err
}

func (l *auditLog) round(ctx context.Context) error {
	if l.reader == nil {
		r, err := cluster.OpenReader(ctx, l.client, l.topics, cluster.From{})
		if err != nil {
			return err
		}
		l.reader = r
	}
	return l.reader.Round(ctx, func(r *kgo.Record) error {
		l.indexes.Audit(auditviews.AuditPlace{Topic: r.Topic,
			Place: serve.Place{Partition: r.Partition, Offset: r.Offset}}, string(r.Key), r.Value)
		return nil
	})
}

func (l *auditLog) close() {
	if l.reader != nil {
		l.reader.Close()
	}
	l.reader = nil
}

// Read implements views.AuditLog.
func (l *auditLog) Read(ctx context.Context, places []auditviews.AuditPlace) ([][]byte, error) {
	values := make([][]byte, len(places))
	for topic, records := range l.records {
		var of []serve.Place
		var at []int
		for i, p := range places {
			if p.Topic == topic {
				of, at = append(of, p.Place), append(at, i)
			}
		}
		if len(of) == 0 {
			continue
		}
		got, err := records.Read(ctx, of)
		if err != nil {
			return nil, err
		}
		for i, record := range got {
			if record != nil { // else retention or an erasure has taken it
				values[at[i]] = record.Value
			}
		}
	}
	return values, nil
}
