package audit

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/serve"
)

// partitions is what the default topology has.
const partitions = 12

// indexed returns an index of n lines on 1,000 entities by 50 people.
func indexed(tb testing.TB, n int) *Index {
	top := topology.New(topology.DefaultConfig())
	x := NewIndex(top, func(_, _ string, _ []byte, err error) { tb.Error(err) })
	var next [partitions]int64
	for i := range n {
		line := &audit.Line{
			CommandID: fmt.Sprint("c", i), Kind: "mission", ID: fmt.Sprint("mission-", i%1000), Actor: fmt.Sprint("somebody-", i%50), At: instant.Milli(1_772_359_200_000 + i),
			Action: "changed", Revision: int64(i), From: "active", To: "active", Differences: []audit.Difference{{Pointer: "/goal/target", Before: "1", After: "2"}},
		}
		value, err := top.Audit.Codec.Encode(line)
		if err != nil {
			tb.Fatal(err)
		}
		p := stream.Partition([]byte(line.Key()), partitions)
		x.Take(AuditPlace{Topic: top.Audit.Name, Place: serve.Place{Partition: p, Offset: next[p]}}, line.Key(), value)
		next[p] += 2
	}
	return x
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// The index holds places, not lines: a tenth of what a line takes in its topic.
func TestAuditIndexIsSmall(t *testing.T) {
	const lines, most = 100_000, 45 // bytes a line: 24, and what a slice has ahead
	before := heap()
	x := indexed(t, lines)
	if bytes := int64(heap()-before) / lines; bytes > most {
		t.Errorf("%d bytes a line", bytes)
	}
	page, next := x.page(auditFilter{kind: "mission", id: "mission-7"}, nil, 500)
	if len(page) != lines/1000 || next != nil {
		t.Errorf("%d lines of one entity, next %v", len(page), next)
	}
}

// A list that lets few lines pass looks at so many at once, and says where to go on.
func TestAuditScansInSteps(t *testing.T) {
	const lines = auditScan + 1000
	x := indexed(t, lines)
	f := auditFilter{actor: "nobody"}
	page, next := x.page(f, nil, 10)
	if len(page) != 0 || next == nil {
		t.Fatalf("%v, %v", page, next)
	}
	if page, next = x.page(f, next, 10); len(page) != 0 || next != nil {
		t.Fatalf("%v, %v", page, next)
	}
	f.actor = "somebody-7"
	seen, steps := 0, 0
	for next = nil; ; steps++ {
		page, next = x.page(f, next, 500)
		if seen += len(page); next == nil {
			break
		}
	}
	if seen != lines/50 || steps < 2 {
		t.Errorf("%d lines in %d steps", seen, steps)
	}
}

func BenchmarkAuditIndex(b *testing.B) {
	const lines = 1_000_000
	before := heap()
	x := indexed(b, lines)
	bytes := float64(heap()-before) / lines
	for name, f := range map[string]auditFilter{
		"all": {}, "entity": {kind: "mission", id: "mission-7"}, "actor": {actor: "somebody-7"}, "nobody": {actor: "nobody"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				x.page(f, nil, 50)
			}
			b.ReportMetric(bytes, "bytes/line")
		})
	}
}
