package engine

import (
	"testing"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// BenchmarkTransactionTime is what event time, positions and reserved rows cost one partition in one transaction,
// without what the broker is sent: of a plain graph, of a first group that reads a topic of strangers, and of a group
// behind twelve partitions.
func BenchmarkTransactionTime(b *testing.B) {
	for _, group := range []struct {
		name string
		time stream.Time
	}{{"plain", stream.NoTime}, {"own", stream.OwnTime}, {"watermarked", stream.Watermarked}} {
		b.Run(group.name, func(b *testing.B) {
			e, err := New(Config{Client: ClientConfig{Brokers: []string{"none:1"}}})
			if err != nil {
				b.Fatal(err)
			}
			e.graph = graph{group: "g", table: "g-table", times: map[string]stream.Time{}, offsets: map[string]*Offsets{"in": new(Offsets)}}
			e.graph.addInput("in", group.time)
			st, err := (store.Memory{}).Open("g-table", 0)
			if err != nil {
				b.Fatal(err)
			}
			p := e.newPartition(0, 12)
			c := e.graph.newClaim("in", 0, 0)
			p.claims = []*claim{c}
			t := newTable(e, &local{place: place{"g-table", 0}, st: st}, 0)
			e.tables[0] = t
			s := &session{engine: e, member: &member{engine: e}, parts: map[int32]*partition{0: p}, all: p.claims}
			b.ReportAllocs()
			for ms := int64(0); b.Loop(); ms++ {
				wall := e.config.Clock()
				c.future = e.config.latest()
				for source := range int32(12) {
					if p.time != nil && p.time.Observe("in", watermark.Record{Origin: "o", Source: source, Sources: 12, Time: ms}) {
						p.adoptWatermark(wall)
					}
				}
				c.advance(ms)
				c.dispatched++
				if p.time != nil {
					p.time.Fetched("in", wall.UnixMilli())
					p.observeEventTimes(wall)
					if _, err := p.step(); err != nil {
						b.Fatal(err)
					}
					p.time.Forward()
				}
				c.recordPolled()
				if err := s.keep(); err != nil {
					b.Fatal(err)
				}
				t.abort() // forgets what it was given
				if err := p.commit(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
