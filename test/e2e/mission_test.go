package e2e

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/test/campaign"
	"github.com/millrace/millrace/traffic"
)

func oracleMissions(t *testing.T) []oracle.Mission {
	t.Helper()
	list, err := campaign.Missions()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// produce sends records to where their keys belong.
func (r *run) produce(ctx context.Context, list []campaign.Record) {
	r.t.Helper()
	var records []*kgo.Record
	for _, rec := range list {
		records = append(records, &kgo.Record{Topic: rec.Topic, Partition: partitionOf(rec.Key, r.topo), Key: []byte(rec.Key), Value: rec.Value})
	}
	if err := r.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// applyMissions sends the missions and what operators do to them, and returns when progress has all that.
func (r *run) applyMissions(ctx context.Context) {
	r.t.Helper()
	r.operate(ctx, append(r.definitions(), r.acts()...))
}

// acts are what operators do.
func (r *run) acts() []campaign.Record {
	r.t.Helper()
	_, act, err := campaign.Operators(r.topo)
	if err != nil {
		r.t.Fatal(err)
	}
	return act
}

// definitions are the commands that create the missions.
func (r *run) definitions() []campaign.Record {
	r.t.Helper()
	list, err := missioncodec.ParseAll(bytes.NewReader(campaign.Definitions()))
	if err != nil {
		r.t.Fatal(err)
	}
	records, _, err := campaign.Operators(r.topo)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, m := range list {
		c := catalog.NewPut("e2e-"+m.ID, "e2e", instant.Of(time.Now()), catalog.NewMission(m))
		value, err := catalogcodec.Command{}.Encode(c)
		if err != nil {
			r.t.Fatal(err)
		}
		records = append(records, campaign.Record{Topic: r.topo.CatalogCommands.Name, Key: c.Key(), Value: value})
	}
	return records
}

// operate sends commands to the catalog and returns when progress knows what has come of them.
func (r *run) operate(ctx context.Context, records []campaign.Record) {
	r.t.Helper()
	for _, rec := range records {
		if rec.Topic == r.topo.CatalogCommands.Name {
			r.commands++
		}
	}
	r.produce(ctx, records)
	for _, s := range cluster.Stages(r.topo) {
		if s.Group == r.topo.Catalog.Name {
			r.drain(ctx, s)
		}
	}
	table := string(r.topo.Catalog.Table())
	ends, err := cluster.EndOffsets(ctx, r.admin, []string{table})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.pipeline.Handled(r.topo.Progress.Name, table).Wait(ctx, ends[table]); err != nil {
		r.t.Fatal("missions are not in force:", err)
	}
	refused := 0
	r.log.readTo(ctx, r.topo.CatalogEvents.Name)
	for _, rec := range r.log.records[r.topo.CatalogEvents.Name] {
		e, err := catalogcodec.Event{}.Decode(rec.Value)
		if err != nil {
			r.t.Fatal(err)
		}
		if e.Result != verdict.Applied {
			refused++
			r.t.Errorf("mission %s: %s %v", e.EntityID, e.Result, e.Problems)
		}
	}
	if n := len(r.log.records[r.topo.CatalogEvents.Name]); refused > 0 || n != r.commands {
		r.t.Fatalf("%d of %d commands applied", n-refused, r.commands)
	}
}

// play sends the lines of a file; users ask for what they ask for before the first, and, one half of them, after half
// of the lines, when between is called.
func (r *run) play(ctx context.Context, file []traffic.Record, between func()) {
	r.t.Helper()
	asked, err := campaign.Users(r.topo, users)
	if err != nil {
		r.t.Fatal(err)
	}
	r.asked = true
	r.produce(ctx, asked[:len(asked)/2])
	r.send(ctx, file[:len(file)/2])
	between()
	r.produce(ctx, asked[len(asked)/2:])
	r.send(ctx, file[len(file)/2:])
}
