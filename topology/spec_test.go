package topology_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/topology"
)

func specs(c topology.Config) (*topology.Topology, map[string]topology.Spec) {
	t := topology.New(c)
	byName := map[string]topology.Spec{}
	for _, s := range t.Topics() {
		byName[s.Name] = s
	}
	return t, byName
}

// Every Topic field of Topology must be listed once, whatever is added to the struct later.
func TestEveryTopicIsListedOnce(t *testing.T) {
	top, byName := specs(topology.Config{Prefix: "p.", Partitions: 12, Replication: 3})
	if n := len(top.Topics()); n != len(byName) {
		t.Fatalf("%d specs, but %d names", n, len(byName))
	}
	v := reflect.ValueOf(*top)
	for i := range v.NumField() {
		if v.Field(i).Kind() != reflect.Struct {
			continue
		}
		name := v.Field(i).FieldByName("Name")
		if !name.IsValid() || !v.Field(i).FieldByName("EventTime").IsValid() { // a Topic, not a Group
			continue
		}
		s, ok := byName[name.String()]
		if !ok {
			t.Errorf("%s: topic %s has no spec", v.Type().Field(i).Name, name)
		}
		if s.Kind != topology.Stream {
			t.Errorf("%s: kind %s", name, s.Kind)
		}
	}
}

func TestEveryGroupIsListedOnce(t *testing.T) {
	top, byName := specs(topology.Config{Prefix: "p.", Partitions: 12, Replication: 3})
	var want, got []string
	v := reflect.ValueOf(*top)
	for i := range v.NumField() {
		if v.Field(i).Kind() != reflect.Struct {
			continue
		}
		if f := v.Field(i).FieldByName("DeadLetters"); f.IsValid() { // a Group, not a Topic
			want = append(want, v.Field(i).FieldByName("Name").String())
		}
	}
	for _, g := range top.Groups() {
		got = append(got, g.Name)
		checkGroup(t, g, byName)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("groups %v, want %v", got, want)
	}
}

func checkGroup(t *testing.T, g topology.GroupSpec, byName map[string]topology.Spec) {
	t.Helper()
	named := slices.Concat(g.Inputs, g.Outputs, g.Lookups)
	if g.Table != "" {
		named = append(named, g.Table)
		if s := byName[g.Table]; s.Group != g.Name || s.Kind != topology.Table || s.Key != g.Key || g.Table != string(goka.GroupTable(goka.Group(g.Name))) {
			t.Errorf("%s: table %+v", g.Name, s)
		}
	}
	if g.Loop != "" {
		named = append(named, g.Loop)
		graph := goka.DefineGroup(goka.Group(g.Name), goka.Loop(nil, nil))
		if s := byName[g.Loop]; s.Group != g.Name || s.Kind != topology.Loop || g.Loop != graph.LoopStream().Topic() {
			t.Errorf("%s: loop %+v, goka calls it %s", g.Name, s, graph.LoopStream().Topic())
		}
	}
	if g.Timers != "" {
		named = append(named, g.Timers)
		if s := byName[g.Timers]; s.Group != g.Name || s.Kind != topology.Timers || g.Table == "" {
			t.Errorf("%s: timers %+v", g.Name, s)
		}
	}
	for _, n := range named {
		if _, ok := byName[n]; !ok {
			t.Errorf("%s: names %q, which has no spec", g.Name, n)
		}
	}
	for _, in := range g.Inputs {
		if !strings.Contains(g.Key, byName[in].Key) && !strings.Contains(byName[in].Key, g.Key) { // a table may have keys of several kinds
			t.Errorf("%s: keyed by %q, its input %s by %q", g.Name, g.Key, in, byName[in].Key)
		}
	}
}

// A stream that no group writes comes from outside. Dead letters, tasks and lines of the audit come from many; payments
// come from outside, and from the group that replays dead letters. A provider's results come from workers' answers;
// other programs may write them, too.
func TestEveryStreamHasOneSource(t *testing.T) {
	top, byName := specs(topology.DefaultConfig())
	sources := map[string]int{}
	for _, g := range top.Groups() {
		for _, out := range g.Outputs {
			sources[out]++
		}
	}
	for name, s := range byName {
		outside := slices.Contains([]string{"payments", "catalog-commands", "dead-letter-commands", "claims", "task-results", "enrolments", "user-segments", "erasures"}, name)
		switch n := sources[name]; {
		case s.Kind != topology.Stream || slices.Contains([]string{"dead-letters", "tasks", "audit", "audit-users", "payments", "task-commands"}, name):
		case outside && n != 0, !outside && n != 1:
			t.Errorf("%s is written by %d groups", name, n)
		}
	}
}

func TestTopicSettings(t *testing.T) {
	_, byName := specs(topology.DefaultConfig())
	tests := []struct {
		topic string
		want  map[string]string
	}{
		{"payments", map[string]string{"cleanup.policy": "delete", "message.timestamp.type": "", "max.message.bytes": "1114112"}},
		{"transactions", map[string]string{"cleanup.policy": "delete", "retention.ms": "7776000000", "message.timestamp.type": "LogAppendTime", "min.insync.replicas": "2"}},
		{"postings", map[string]string{"retention.ms": "7776000000"}},
		{"ledger-journal", map[string]string{"retention.ms": "7776000000"}},
		{"health-windows", map[string]string{"retention.ms": "-1", "retention.bytes": "1073741824", "message.timestamp.type": "CreateTime"}},
		{"health-corrections", map[string]string{"retention.ms": "-1", "retention.bytes": "1073741824", "message.timestamp.type": "CreateTime"}},
		{"audit", map[string]string{"cleanup.policy": "delete", "retention.ms": "220752000000", "message.timestamp.type": "LogAppendTime"}},
		{"audit-users", map[string]string{"cleanup.policy": "compact,delete", "retention.ms": "220752000000", "delete.retention.ms": "604800000"}},
		{"dead-letters", map[string]string{"max.message.bytes": "1114112"}},
		{"ledger-table", map[string]string{"cleanup.policy": "compact", "min.compaction.lag.ms": "3600000", "delete.retention.ms": "604800000", "retention.ms": ""}},
		{"ledger-timers", map[string]string{"cleanup.policy": "compact", "min.compaction.lag.ms": "3600000", "delete.retention.ms": "604800000", "retention.ms": ""}},
		{"health-loop", map[string]string{"cleanup.policy": "delete", "retention.ms": "604800000"}},
	}
	for _, tt := range tests {
		got := byName[tt.topic].Configs()
		for k, v := range tt.want {
			if got[k] != v {
				t.Errorf("%s: %s = %q, want %q", tt.topic, k, got[k], v)
			}
		}
	}
}

func TestConfigReachesEveryTopic(t *testing.T) {
	_, byName := specs(topology.Config{Prefix: "eu.", Partitions: 4, Replication: 1})
	if keep := byName["eu.audit"].Configs()["retention.ms"]; keep != "-1" {
		t.Errorf("an audit without limit is kept %s ms", keep)
	}
	for name, s := range byName {
		if !strings.HasPrefix(name, "eu.") {
			t.Errorf("%s lacks the prefix", name)
		}
		if s.Partitions != 4 || s.Replication != 1 || s.MinISR != 1 {
			t.Errorf("%s: %+v", name, s)
		}
		if s.Foreign != (name == "eu.payments") {
			t.Errorf("%s: Foreign is %t", name, s.Foreign)
		}
	}
}
