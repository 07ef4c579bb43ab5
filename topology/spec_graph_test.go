package topology_test

import (
	"slices"
	"testing"

	"github.com/lovoo/goka"
	"github.com/prometheus/client_golang/prometheus"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/processors/budget"
	cataloggroup "github.com/millrace/millrace/processors/catalog"
	"github.com/millrace/millrace/processors/deadletters"
	"github.com/millrace/millrace/processors/health"
	"github.com/millrace/millrace/processors/intake"
	"github.com/millrace/millrace/processors/ledger"
	"github.com/millrace/millrace/processors/progress"
	"github.com/millrace/millrace/processors/rewards"
	"github.com/millrace/millrace/processors/routing"
	"github.com/millrace/millrace/processors/tasks"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Rows of users in many missions are amended, which their codec does only if it has the method that package stream
// looks for.
var _ stream.Amender[*mission.UserRow] = missioncodec.UserRow{}

// What `millrace topology` prints and `topics apply` creates is what the processors read and write.
func TestGroupsAreTheProcessorsGraphs(t *testing.T) {
	top := topology.New(topology.Config{Prefix: "p.", Partitions: 4, Replication: 1})
	specs := map[string]topology.GroupSpec{}
	for _, g := range top.Groups() {
		specs[g.Name] = g
	}
	r := prometheus.NewRegistry() // one, as in a process that runs all groups
	graphs := []*goka.GroupGraph{
		intake.Graph(intake.DefaultConfig(), top, intake.NewMetrics(r)),
		ledger.Graph(ledger.DefaultConfig(), nil, top, ledger.NewMetrics(r)),
		progress.Graph(progress.DefaultConfig(), nil, top, progress.NewIndex(), progress.NewMetrics(r)),
		budget.Graph(top, budget.NewMetrics(r)),
		rewards.Graph(nil, nil, top, rewards.NewMetrics(r)),
		health.Graph(health.DefaultConfig(), top, health.NewIndex(), health.NewMetrics(r)),
		routing.Graph(routing.DefaultConfig(), top, routing.NewMetrics(r)),
		cataloggroup.Graph(catalog.DefaultConfig(), top, cataloggroup.NewMetrics(r)),
		tasks.Graph(task.BuiltIn(), top, tasks.NewIndex(nil), tasks.NewMetrics(r, task.BuiltIn())),
		deadletters.Graph(top, deadletters.NewMetrics(r)),
	}
	if len(graphs) != len(specs) {
		t.Errorf("%d graphs, %d groups", len(graphs), len(specs))
	}
	for _, graph := range graphs {
		spec := specs[string(graph.Group())]
		same(t, spec.Name+" inputs", spec.Inputs, graph.InputStreams())
		same(t, spec.Name+" outputs", spec.Outputs, graph.OutputStreams())
		same(t, spec.Name+" lookups", spec.Lookups, graph.LookupTables())
		same(t, spec.Name+" loop", list(spec.Loop), edges(graph.LoopStream()))
		same(t, spec.Name+" table", list(spec.Table), edges(graph.GroupTable()))
		same(t, spec.Name+" timers", list(spec.Timers), timers(graph))
	}
}

// timers names the topic that a graph with a timer callback needs.
func timers(g *goka.GroupGraph) goka.Edges {
	for _, e := range g.AllEdges() {
		if e.Topic() == stream.TimerVisit {
			return goka.Edges{goka.Output(goka.Stream(stream.TimerTopic(string(g.Group()))), stream.Bytes{})}
		}
	}
	return nil
}

func list(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

func edges(e goka.Edge) goka.Edges {
	if e == nil {
		return nil
	}
	return goka.Edges{e}
}

func same(t *testing.T, what string, want []string, have goka.Edges) {
	t.Helper()
	got := have.Topics()
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: the spec says %v, the graph %v", what, want, got)
	}
}
