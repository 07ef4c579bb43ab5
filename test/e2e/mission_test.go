package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/bench/oracle"
	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// missions are written as JSON, which both the product and the oracle read. Between them they use every operator on texts
// and amounts, a group, a cap, limits, both goals, and windows that cut through the traffic.
const missions = `[
{"id":"swiggy-500","title":"Spend at Swiggy","currency":"INR","goal":{"metric":"amount","target":50000},
 "filters":[{"id":"amount","operator":"gte","values":10000},{"id":"merchant","operator":"eq","values":"swiggy"}],
 "window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-08"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":100},"status":"active"},
{"id":"three-payments","title":"Pay three times","currency":"INR","goal":{"metric":"count","target":3},"filters":[],
 "window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-08"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":10},"limits":{"completions_per_user":0},"status":"active"},
{"id":"capped","title":"Small steps","currency":"INR","goal":{"metric":"amount","target":20000,"per_event_cap":5000},
 "filters":[{"id":"category","operator":"in","values":["food","grocery","transport"]},{"id":"amount","operator":"between","values":[2000,90000]},
  {"id":"attributes.app","operator":"exists","values":true}],
 "window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-08"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":10},"limits":{"completions_per_user":5},"status":"active"},
{"id":"either","title":"Cards or wallets, not sbi","currency":"INR","goal":{"metric":"count","target":2},
 "filters":[{"any":[{"id":"mode","operator":"prefix","values":["credit","debit"]},{"id":"mode","operator":"eq","values":"wallet"}]},
  {"id":"instrument","operator":"ne","values":"sbi"},{"id":"amount","operator":"lt","values":500000},{"id":"amount","operator":"gt","values":100}],
 "window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-08"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":10},"limits":{"completions_per_user":3},"status":"active"},
{"id":"five-minutes","title":"Happy minutes","currency":"INR","goal":{"metric":"amount","target":100000},
 "filters":[{"id":"merchant","operator":"nin","values":["p2p"]},{"id":"amount","operator":"lte","values":1000000}],
 "window":{"kind":"fixed","from":"2026-03-01T06:03:00Z","to":"2026-03-01T06:08:00Z"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":10},"limits":{"completions_per_user":2},"status":"active"},
{"id":"dollars","title":"Abroad","currency":"USD","goal":{"metric":"amount","target":1000},
 "filters":[{"id":"attributes.app","operator":"exists","values":false}],
 "window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-08"},"time_zone":"America/New_York",
 "reward":{"kind":"coins","amount":10},"limits":{"completions_per_user":0},"status":"active"}
]`

func oracleMissions(t *testing.T) []oracle.Mission {
	t.Helper()
	var list []oracle.Mission
	if err := json.Unmarshal([]byte(missions), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// applyMissions sends the missions through the catalog and returns when progress has them.
func (r *run) applyMissions(ctx context.Context) {
	r.t.Helper()
	list, err := codecs.ParseMissions(strings.NewReader(missions))
	if err != nil {
		r.t.Fatal(err)
	}
	var records []*kgo.Record
	for _, m := range list {
		c := catalog.NewPut("e2e-"+m.ID, "e2e", instant.Of(time.Now()), catalog.NewMission(m))
		value, err := codecs.CatalogCommand{}.Encode(c)
		if err != nil {
			r.t.Fatal(err)
		}
		records = append(records, &kgo.Record{
			Topic: r.topo.CatalogCommands.Name, Partition: partitionOf(c.Key(), r.topo), Key: []byte(c.Key()), Value: value,
		})
	}
	if err := r.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
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
		e, err := codecs.CatalogEvent{}.Decode(rec.Value)
		if err != nil {
			r.t.Fatal(err)
		}
		if e.Result != catalog.Applied {
			refused++
			r.t.Errorf("mission %s: %s %v", e.EntityID, e.Result, e.Problems)
		}
	}
	if n := len(r.log.records[r.topo.CatalogEvents.Name]); refused > 0 || n != len(list) {
		r.t.Fatalf("%d of %d missions applied", n-refused, len(list))
	}
}
