package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine/watermark"
)

// ownRow is the row that a partition keeps which has reached a time.
func ownRow(t *testing.T, at int64) []byte {
	t.Helper()
	p := watermark.New(watermark.DefaultConfig(), "ledger", 0, 1, false, watermark.Input{Topic: "transactions"})
	p.Observe("transactions", watermark.Record{Origin: "intake", Sources: 1, Time: at})
	for _, row := range p.Changed() {
		if row.Key == watermark.RowPrefix {
			return row.Value
		}
	}
	t.Fatal("no row of its own")
	return nil
}

// Reached finds the latest time of each partition, however many rows of payments stand behind it.
func TestReached(t *testing.T) {
	k := newKafka(t)
	k.create("ledger-table", 4, nil)
	c := k.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	put := func(partition int32, key string, value []byte) {
		t.Helper()
		if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: "ledger-table", Partition: partition, Key: []byte(key), Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []int64{5000, 7000} {
		put(0, watermark.RowPrefix, ownRow(t, at))
	}
	for range 99 {
		put(0, "t1", []byte("row"))
	}
	put(1, watermark.RowPrefix, ownRow(t, 6000))
	put(2, "t2", []byte("row"))
	put(2, watermark.RowPrefix, ownRow(t, watermark.None)) // it knows no time yet
	got, err := Reached(t.Context(), k.adm, "ledger-table")
	if diff := cmp.Diff(map[int32]instant.Milli{0: 7000, 1: 6000}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := Reached(t.Context(), k.adm, "none"); err == nil {
		t.Error("a table that is not there was read")
	}
}
