package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/views"
	"github.com/millrace/millrace/views/serve"
)

// Offsets tell how far somebody has handled a table.
type Offsets interface {
	// Wait returns once every partition that at names was handled up to the offset given, or the context's error.
	Wait(ctx context.Context, at map[int32]int64) error
}

// Tables are the views of the group tables.
type Tables struct {
	list       []*engine.View // in the order of the data flow
	byGroup    map[string]*engine.View
	catalog    *engine.View
	inForce    Offsets
	partitions int32
}

// Of returns the table of a group of the deployment that has one.
func (t *Tables) Of(group string) *engine.View { return t.byGroup[group] }

// Sums adds up what the partitions of a group's table keep beside their rows. It returns false while the table is
// loaded: the sums are then of what has been read so far.
func (t *Tables) Sums(group string) (sum.Sums, bool) { return t.sums(group).total() }

func (t *Tables) sums(group string) tableSums {
	v := t.Of(group)
	return tableSums{t.partitions, v.Recovered, func(partition int32) sum.Sums { return v.Known(partition).Sums }}
}

// tableSums are the sums beside the rows of a table.
type tableSums struct {
	partitions int32
	recovered  func() bool
	of         func(partition int32) sum.Sums
}

func (s tableSums) total() (sum.Sums, bool) {
	loaded, total := s.recovered(), sum.Sums{}
	for p := range s.partitions {
		for name, n := range s.of(p) {
			total.Add(name, n)
		}
	}
	return total, loaded
}

func newTables(c Config, x *views.Indexes) (*Tables, error) {
	tables := &Tables{byGroup: map[string]*engine.View{}, inForce: c.InForce, partitions: c.Topology.Config.Partitions}
	var errs []error
	for _, g := range c.Topology.Groups() {
		if g.Table == "" {
			continue
		}
		view, err := engine.NewView(engine.ViewConfig{
			Client: c.Settings.Client(), Table: g.Table, Group: g.Name, Partitions: c.Topology.Config.Partitions,
			Stores: c.Stores, OnChange: x.Of(g.Name),
			Logger: c.Log, Metrics: c.Metrics,
		})
		errs = append(errs, err)
		tables.list = append(tables.list, view)
		tables.byGroup[g.Name] = view
	}
	tables.catalog = tables.Of(c.Topology.Catalog.Name)
	return tables, errors.Join(errs...)
}

func (t *Tables) views() serve.Tables {
	out := serve.Tables{}
	for group, v := range t.byGroup {
		out[group] = serve.Table{Rows: v, Reach: t.reach(v)}
	}
	return out
}

// Wait returns when the tables have reached the changelog offsets given by topic, and the catalog's missions are in
// force.
func (t *Tables) Wait(ctx context.Context, ends map[string]map[int32]int64) error {
	for _, v := range t.list {
		at := map[int32]map[string]int64{}
		for p, end := range ends[v.Topic()] {
			at[p] = map[string]int64{v.Topic(): end}
		}
		if err := t.reach(v).Wait(ctx, at); err != nil {
			return fmt.Errorf("table %s: %w", v.Topic(), err)
		}
	}
	return nil
}

func (t *Tables) reach(v *engine.View) reach {
	if v == t.catalog {
		return reach{v, t.inForce}
	}
	return reach{View: v}
}

// reach is what a view tells of itself, as views.Reach.
type reach struct {
	*engine.View
	inForce Offsets // may be nil; who must have handled what the view shows
}

func (r reach) Known(partition int32) serve.Known {
	k := r.View.Known(partition)
	return serve.Known{Inputs: k.Inputs, Watermark: k.Watermark}
}

func (r reach) Wait(ctx context.Context, at map[int32]map[string]int64) error {
	want, rows := map[int32]position.Position{}, map[int32]int64{}
	for p, offsets := range at {
		want[p] = offsets
	}
	if err := r.View.Wait(ctx, want); err != nil || r.inForce == nil {
		return err
	}
	for p := range at {
		rows[p] = r.View.Known(p).Rows
	}
	return r.inForce.Wait(ctx, rows)
}
