package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/views"
)

// Offsets tell how far somebody has handled a table.
type Offsets interface {
	// Wait returns once every partition that at names was handled up to the offset given, or the context's error.
	Wait(ctx context.Context, at map[int32]int64) error
}

// Tables are the views of the group tables.
type Tables struct {
	Ledger, Progress, Budget, Rewards, Health, Routing, Catalog, DeadLetters *engine.View

	inForce Offsets
}

func (t *Tables) all() []*engine.View {
	return []*engine.View{t.Ledger, t.Progress, t.Budget, t.Rewards, t.Health, t.Routing, t.Catalog, t.DeadLetters}
}

func newTables(c Config, x *views.Indexes) (*Tables, error) {
	t, tables := c.Topology, &Tables{inForce: c.InForce}
	var errs []error
	for _, r := range []struct {
		into         **engine.View
		group, topic string
		onChange     func(string, []byte)
	}{
		{&tables.Ledger, t.Ledger.Name, string(t.Ledger.Table()), nil},
		{&tables.Progress, t.Progress.Name, string(t.Progress.Table()), x.Progress},
		{&tables.Budget, t.Budget.Name, string(t.Budget.Table()), nil},
		{&tables.Rewards, t.Rewards.Name, string(t.Rewards.Table()), x.Rewards},
		{&tables.Health, t.Health.Name, string(t.Health.Table()), x.Health},
		{&tables.Routing, t.Routing.Name, string(t.Routing.Table()), x.Routing},
		{&tables.Catalog, t.Catalog.Name, string(t.Catalog.Table()), x.Catalog},
		{&tables.DeadLetters, t.DeadLetters.Name, string(t.DeadLetters.Table()), x.DeadLetters},
	} {
		view, err := engine.NewView(engine.ViewConfig{
			Client: c.Settings.Client(), Table: r.topic, Group: r.group, Partitions: t.Config.Partitions, Stores: c.Stores, OnChange: r.onChange,
			Logger: c.Log, Metrics: c.Metrics,
		})
		errs = append(errs, err)
		*r.into = view
	}
	return tables, errors.Join(errs...)
}

func (t *Tables) views() views.Tables {
	of := func(v *engine.View) views.Table { return views.Table{Rows: v, Reach: t.reach(v)} }
	return views.Tables{
		Ledger: of(t.Ledger), Progress: of(t.Progress), Budget: of(t.Budget), Rewards: of(t.Rewards), Health: of(t.Health), Routing: of(t.Routing),
		Catalog: of(t.Catalog), DeadLetters: of(t.DeadLetters),
	}
}

// Wait returns when the tables have reached the changelog offsets given by topic, and the catalog's missions are in force.
func (t *Tables) Wait(ctx context.Context, ends map[string]map[int32]int64) error {
	for _, v := range t.all() {
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
	if v == t.Catalog {
		return reach{v, t.inForce}
	}
	return reach{View: v}
}

// reach is what a view tells of itself, as views.Reach.
type reach struct {
	*engine.View
	inForce Offsets // may be nil; who must have handled what the view shows
}

func (r reach) Known(partition int32) views.Known {
	k := r.View.Known(partition)
	return views.Known{Inputs: k.Inputs, Watermark: k.Watermark}
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
