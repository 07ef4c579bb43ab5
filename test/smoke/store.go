package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/test/smoke/audit"
)

// compareStores opens what the stopped workers have on disk and compares it with the fold of the changelogs. A worker
// that has lost a partition keeps its store of it, which is older; of each partition one must be as new as the
// changelog.
func (r *run) compareStores(v *audit.Verdict) error {
	var dirs []string
	for _, w := range r.fleet.Workers {
		dirs = append(dirs, r.state(w.Name))
	}
	var err error
	r.tail.with(func(t *audit.Tape) {
		for table, ends := range t.Rows() {
			for partition, end := range ends {
				if err == nil {
					err = r.compareStore(v, dirs, t, table, partition, end)
				}
			}
		}
	})
	return err
}

func (r *run) compareStore(v *audit.Verdict, dirs []string, t *audit.Tape, table string, partition int32,
	end int64) error {
	want := t.Table(table, partition)
	current := 0
	for _, dir := range dirs {
		places, err := find(dir, table+"."+strconv.Itoa(int(partition)))
		if err != nil {
			return err
		}
		for _, place := range places {
			got, next, err := readStore(place, table, partition)
			if err != nil {
				return err
			}
			if next < end {
				continue
			}
			current++
			r.stores++
			compareRows(v, place, got, want)
		}
	}
	if current == 0 {
		v.Differ("no worker's store of %s/%d is as new as its changelog, which ends at %d", table, partition, end)
	}
	return nil
}

func compareRows(v *audit.Verdict, place string, got, want map[string]string) {
	for key, value := range want {
		if have, ok := got[key]; !ok {
			v.Differ("%s: no row %q, which the changelog has", place, key)
		} else if have != value {
			v.Differ("%s: row %q is not the changelog's", place, key)
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			v.Differ("%s: row %q, which the changelog does not have", place, key)
		}
	}
}

// find returns the directories of a name under root.
func find(root, name string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == name {
			out = append(out, path)
			return fs.SkipDir
		}
		return err
	})
	if os.IsNotExist(err) {
		return nil, nil
	}
	return slices.Clip(out), err
}

// readStore returns the rows of a store that no process has open, and up to which offset it has taken its changelog in.
func readStore(place, table string, partition int32) (rows map[string]string, next int64, err error) {
	disk, err := store.NewDisk(store.DiskConfig{Dir: filepath.Dir(place)})
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = disk.Close() }() // it was only read
	s, err := disk.Open(table, partition)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", place, err)
	}
	defer func() { _ = s.Close() }()
	rows = map[string]string{}
	err = s.Ascend("", "", func(key string, value []byte) bool {
		rows[key] = string(value)
		return true
	})
	return rows, s.Stamp().Next, err
}
