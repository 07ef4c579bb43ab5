package cluster

import (
	"slices"

	"github.com/millrace/millrace/topology"
)

// Stages returns every group in the order of the data flow, for Drain. A group that a later one answers stands behind
// that one again, with what answers it.
func Stages(t *topology.Topology) []Stage {
	groups := t.Groups()
	stages := make([]Stage, 0, len(groups))
	for i, g := range groups {
		stages = append(stages, stage(g, g.Inputs))
		for _, earlier := range groups[:i] {
			answers := slices.DeleteFunc(slices.Clone(earlier.Inputs), func(in string) bool {
				return !slices.Contains(g.Outputs, in)
			})
			if len(answers) > 0 {
				stages = append(stages, stage(earlier, answers))
			}
		}
	}
	return stages
}

func stage(g topology.GroupSpec, inputs []string) Stage {
	s := Stage{Group: g.Name, Topics: slices.Clone(inputs)}
	if g.Loop != "" {
		s.Topics = append(s.Topics, g.Loop)
	}
	return s
}

// Tables returns the table topics.
func Tables(t *topology.Topology) []string {
	var tables []string
	for _, g := range t.Groups() {
		if g.Table != "" {
			tables = append(tables, g.Table)
		}
	}
	return tables
}

// SpecsOf returns the specs of all topics that the named groups touch.
func SpecsOf(t *topology.Topology, groups []string) []topology.Spec {
	need := map[string]bool{}
	for _, g := range t.Groups() {
		for _, name := range groups {
			if g.Name != name {
				continue
			}
			for _, list := range [][]string{g.Inputs, g.Outputs, g.Lookups, {g.Table, g.Loop, g.Timers}} {
				for _, topic := range list {
					need[topic] = true
				}
			}
		}
	}
	var specs []topology.Spec
	for _, s := range t.Topics() {
		if need[s.Name] {
			specs = append(specs, s)
		}
	}
	return specs
}
