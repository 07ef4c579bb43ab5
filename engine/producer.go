package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/stream"
)

var _ goka.Producer = (*producer)(nil)

// byKey as a record's partition leaves the choice to the key.
const byKey = -1

// producer takes goka's emits into the transaction under way. Promises are kept at once: a record is acknowledged by
// the commit, or the callback runs again. What goes wrong in between ends the transaction, see member.produced.
type producer struct{ engine *Engine }

func (e *Engine) newProducer() (goka.Producer, error) {
	if err := e.begin(); err != nil {
		return nil, err
	}
	return &producer{e}, nil
}

func (p *producer) Emit(topic, key string, value []byte) *goka.Promise {
	return p.EmitWithHeaders(topic, key, value, nil)
}

func (p *producer) EmitWithHeaders(topic, key string, value []byte, headers goka.Headers) *goka.Promise {
	promise, finish := goka.NewPromiseWithFinisher()
	finish(nil, p.emit(topic, key, value, headers))
	return promise
}

func (p *producer) emit(topic, key string, value []byte, headers goka.Headers) error {
	e := p.engine
	m := e.scene.Load().member
	if topic == e.graph.table { // the row is in the overlay, and is sent once, by the commit
		if len(headers) > 0 {
			if t := e.table(stream.Partition([]byte(key), m.partitions)); t != nil {
				t.emitted(key, headers)
			}
		}
		return nil
	}
	if len(headers) == 0 {
		e.bare.Store(true) // else goka would have added its default ones
	}
	if err := e.fits(topic, key, len(key)+len(value)+sizeOf(headers)); err != nil {
		e.badEmit.Store(&badEmit{topic, key, err})
		return err
	}
	m.produce(&kgo.Record{Topic: topic, Partition: byKey, Key: []byte(key), Value: value, Headers: headersOf(headers)})
	e.pass(AfterEmit)
	return nil
}

func headersOf(h goka.Headers) []kgo.RecordHeader {
	if len(h) == 0 {
		return nil
	}
	out := make([]kgo.RecordHeader, 0, len(h))
	for _, k := range slices.Sorted(maps.Keys(h)) {
		out = append(out, kgo.RecordHeader{Key: k, Value: h[k]})
	}
	return out
}

// sizeOf is the size of headers within a record.
func sizeOf(h goka.Headers) int {
	n := 0
	for k, v := range h {
		n += len(k) + len(v) + headerSlack
	}
	return n
}

// headerSlack is the room, in bytes, that a header needs for its lengths.
const headerSlack = 10

// Close ends the run: goka makes its producer first and closes it last.
func (p *producer) Close() error { return p.engine.close() }

// produce sends a record within the transaction under way.
func (m *member) produce(r *kgo.Record) { m.client.Produce(context.Background(), r, m.produced) }
