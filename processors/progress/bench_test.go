package progress_test

import (
	"fmt"
	"testing"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
	processor "github.com/millrace/millrace/processors/progress"
)

// BenchmarkPosting is what one posting costs the group beside the engine: its bytes and those of the row read, judged
// and written.
func BenchmarkPosting(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("missions=%d", n), func(b *testing.B) {
			index := processor.NewIndex()
			for i := range n {
				key, value := benchMission(b, i)
				if err := index.Set(key, value); err != nil {
					b.Fatal(err)
				}
			}
			row := benchRow(b, index.Snapshot())
			posting, err := parsePosting(`{"t":"next","amount":12550,"created":"2026-03-02T12:00:00Z"}`)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				p, _ := ledgercodec.Posting{}.Decode(posting)
				before, _ := missioncodec.UserRow{}.Decode(row)
				after, _ := mission.Apply(before, p, index.Snapshot(), processor.DefaultConfig())
				if raw, err := (missioncodec.UserRow{}).Encode(after); err != nil || len(raw) <= len(row) {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(row)), "B/row")
		})
	}
}

// benchMission is one of many as operators make them: of the first four each payment at swiggy counts, the others name
// merchants of their own.
func benchMission(b *testing.B, i int) (key string, value []byte) {
	id, merchant := fmt.Sprintf("m%04d", i), "swiggy"
	if i > 3 {
		merchant = fmt.Sprint("shop-", i)
	}
	windows := []string{`{"kind":"fixed","from":"2026-03-01","to":"2026-04-01"}`, `{"kind":"recurring","every":"day"}`, `{"kind":"per_user","duration":"72h"}`}
	goals := []string{`{"metric":"amount","target":500000}`, `{"metric":"count","target":50}`, `{"metric":"streak","target":1}`, `{"metric":"distinct","field":"category","target":3}`}
	value, err := parseCatalogRow(fmt.Sprintf(`2026-03-01T00:00:00Z {"id":%q,"currency":"INR","goal":%s,"window":%s,"time_zone":"Asia/Kolkata",
		"filters":[{"id":"merchant","operator":"eq","values":%q}],"reward":{"kind":"coins","amount":5},"status":"active"}`, id, goals[i%4], windows[i%3], merchant))
	if err != nil {
		b.Fatal(err)
	}
	return catalog.MissionKey(id), value
}

// benchRow is of a user with eight payments.
func benchRow(b *testing.B, missions *mission.Snapshot) []byte {
	var row *mission.UserRow
	for i := range 8 {
		raw, err := parsePosting(fmt.Sprintf(`{"t":"t%d","amount":12550,"created":"2026-03-02T0%d:00:00Z"}`, i, i))
		if err != nil {
			b.Fatal(err)
		}
		p, err := ledgercodec.Posting{}.Decode(raw)
		if err != nil {
			b.Fatal(err)
		}
		row, _ = mission.Apply(row, p, missions, processor.DefaultConfig())
	}
	raw, err := missioncodec.UserRow{}.Encode(row)
	if err != nil {
		b.Fatal(err)
	}
	return raw
}
