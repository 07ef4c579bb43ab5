package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/test/smoke/audit"
	"github.com/millrace/millrace/topology"
)

// keep writes rows to a worker's store of partition 0 of a table.
func keep(t *testing.T, dir, table string, next int64, rows ...store.Row) {
	t.Helper()
	disk, err := store.NewDisk(store.DiskConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = disk.Close() }()
	s, err := disk.Open(table, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(rows, store.Stamp{Next: next, At: time.Unix(1, 0)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestStoresAreComparedWithTheirChangelog(t *testing.T) {
	row := func(key, value string) store.Row { return store.Row{Key: key, Value: []byte(value)} }
	cases := []struct {
		name string
		rows []store.Row
		next int64
		want string
	}{
		{"as it should be", []store.Row{row("a", "2"), row("\x00mark", "m")}, 4, ""},
		{"a row is missing", []store.Row{row("a", "2")}, 4, "no row"},
		{"a row is older", []store.Row{row("a", "1"), row("\x00mark", "m")}, 4, `row "a" is not`},
		{"a deleted row is there", []store.Row{row("a", "2"), row("\x00mark", "m"), row("b", "1")}, 4, `row "b", which`},
		{"nobody is up to date", []store.Row{row("a", "1")}, 1, "no worker's store"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tape := audit.NewTape(topology.New(topology.Config{Partitions: 1, Replication: 1}))
			table := tape.Topics()[len(tape.Topics())-1]
			for i, r := range []store.Row{row("a", "1"), row("a", "2"), row("b", "1"), {Key: "b"}, row("\x00mark", "m")} {
				tape.Add(&kgo.Record{Topic: table, Offset: int64(i), Key: []byte(r.Key), Value: r.Value, ProducerID: -1})
			}
			dir := t.TempDir()
			keep(t, filepath.Join(dir, "data", "group"), table, c.next+1, c.rows...)
			keep(t, filepath.Join(dir, "data", "other"), table, 1, row("a", "1")) // that it owned once
			r := &run{}
			v := &audit.Verdict{}
			if err := r.compareStore(v, []string{dir, filepath.Join(dir, "nobody")}, tape, table, 0, 5); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(v.Findings, "\n"); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("%s", got)
			}
		})
	}
}
