package store_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/engine/lockfile"
	"github.com/millrace/millrace/engine/store"
)

// each runs a test on every implementation.
func each(t *testing.T, test func(t *testing.T, s store.Store)) {
	t.Run("memory", func(t *testing.T) { test(t, open(t, store.Memory{})) })
	t.Run("disk", func(t *testing.T) { test(t, open(t, newDisk(t, t.TempDir()))) })
}

func newDisk(t *testing.T, dir string) *store.Disk {
	t.Helper()
	d, err := store.NewDisk(store.DiskConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func open(t *testing.T, o store.Opener) store.Store {
	t.Helper()
	s, err := o.Open("table", 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func stampOf(next int64) store.Stamp {
	return store.Stamp{Topic: [16]byte{1, 15: 2}, Next: next, At: time.UnixMilli(1700000000000 + next).UTC()}
}

func content(t *testing.T, s store.Store, from, to string) []string {
	t.Helper()
	rows := []string{}
	if err := s.Ascend(from, to, func(k string, v []byte) bool {
		rows = append(rows, k+"="+string(v))
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

func apply(t *testing.T, s store.Store, next int64, rows ...store.Row) {
	t.Helper()
	if err := s.Apply(rows, stampOf(next)); err != nil {
		t.Fatal(err)
	}
}

func TestApplyIsRowsAndStamp(t *testing.T) {
	each(t, func(t *testing.T, s store.Store) {
		if got := s.Stamp(); got != (store.Stamp{}) {
			t.Errorf("a new store is stamped %v", got)
		}
		apply(t, s, 7, store.Row{"b", []byte("1")}, store.Row{"a", []byte("2")}, store.Row{"b", []byte("3")},
			store.Row{"c", []byte{}}, store.Row{"", []byte("empty key")}, store.Row{"\x00own", []byte("4")}, store.Row{"s", []byte("5")})
		apply(t, s, 9, store.Row{"a", nil}, store.Row{"never was", nil})
		if got := s.Stamp(); got != stampOf(9) {
			t.Errorf("stamp is %v", got)
		}
		if d := cmp.Diff([]string{"=empty key", "\x00own=4", "b=3", "c=", "s=5"}, content(t, s, "", "")); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"b=3", "c="}, content(t, s, "b", "d")); d != "" {
			t.Error(d)
		}
		if v, err := s.Get("a"); v != nil || err != nil {
			t.Errorf("deleted row is %q, %v", v, err)
		}
		if v, err := s.Get("c"); v == nil || err != nil {
			t.Errorf("empty row is %v, %v", v, err)
		}
	})
}

func TestAscendSeesOneMomentAndStops(t *testing.T) {
	each(t, func(t *testing.T, s store.Store) {
		for i := range 10 {
			apply(t, s, int64(i+1), store.Row{fmt.Sprint(i), []byte("x")})
		}
		var seen []string
		if err := s.Ascend("", "", func(k string, _ []byte) bool {
			apply(t, s, 20, store.Row{k + "new", []byte("x")}, store.Row{"9", nil}, store.Row{"5", nil})
			seen = append(seen, k)
			return k != "6"
		}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"0", "1", "2", "3", "4", "5", "6"}, seen); d != "" {
			t.Error(d)
		}
	})
}

func TestWipe(t *testing.T) {
	each(t, func(t *testing.T, s store.Store) {
		apply(t, s, 7, store.Row{"a", []byte("1")})
		if err := s.Wipe(); err != nil {
			t.Fatal(err)
		}
		if got := s.Stamp(); got != (store.Stamp{}) || len(content(t, s, "", "")) > 0 {
			t.Errorf("left: %v, %q", got, content(t, s, "", ""))
		}
		apply(t, s, 8, store.Row{"b", []byte("1")})
		if s.Stamp() != stampOf(8) {
			t.Error("not usable after a wipe")
		}
	})
}

func TestDiskKeepsRowsAndStamp(t *testing.T) {
	d := newDisk(t, t.TempDir())
	s, err := d.Open("table", 0)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, s, 7, store.Row{"a", []byte("1")})
	if _, err := d.Open("table", 0); err == nil {
		t.Error("a store was opened twice")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = d.Open("table", 0); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if got := content(t, s, "", ""); s.Stamp() != stampOf(7) || len(got) != 1 {
		t.Errorf("found %v, %q", s.Stamp(), got)
	}
}

func TestDiskThrowsAwayWhatIsCorrupt(t *testing.T) {
	dir := t.TempDir()
	d := newDisk(t, dir)
	s, err := d.Open("table", 0)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, s, 7, store.Row{"a", []byte("1")})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	manifests, err := filepath.Glob(filepath.Join(dir, "table.0", "MANIFEST*"))
	if err != nil || len(manifests) == 0 {
		t.Fatal(manifests, err)
	}
	for _, m := range manifests {
		if err := os.WriteFile(m, []byte("not a manifest at all, but long enough to be read as one"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err = d.Open("table", 0)
	if !errors.Is(err, store.ErrCorrupt) {
		t.Fatalf("got %v", err)
	}
	defer func() { _ = s.Close() }()
	apply(t, s, 8, store.Row{"b", []byte("1")})
	if got := content(t, s, "", ""); len(got) != 1 {
		t.Errorf("found %q", got)
	}
}

// An overlay over a store reads like the store with the writes applied.
func TestOverlayReadsLikeTheStoreAfterwards(t *testing.T) {
	each(t, func(t *testing.T, s store.Store) {
		rapid.Check(t, func(r *rapid.T) {
			if err := s.Wipe(); err != nil {
				r.Fatal(err)
			}
			model, key := map[string]string{}, rapid.StringMatching("[a-e]{0,2}")
			write := func(set func(string, []byte)) {
				for range rapid.IntRange(0, 20).Draw(r, "writes") {
					k := key.Draw(r, "key")
					if rapid.Bool().Draw(r, "delete") {
						delete(model, k)
						set(k, nil)
						continue
					}
					model[k] = rapid.StringN(0, 3, -1).Draw(r, "value")
					set(k, []byte(model[k]))
				}
			}
			write(func(k string, v []byte) { apply(t, s, 1, store.Row{k, v}) })
			var o store.Overlay
			puts := 0
			o.Encode = func(_ string, row any) ([]byte, error) { puts--; return []byte(row.(string)), nil }
			write(func(k string, v []byte) {
				if v == nil || rapid.Bool().Draw(r, "bytes") {
					o.Set(k, v)
					return
				}
				o.Put(k, string(v), nil)
				puts++
			})
			from, to := key.Draw(r, "from"), key.Draw(r, "to")
			var want, keys, got []string
			for _, k := range slices.Sorted(maps.Keys(model)) {
				if k >= from && (to == "" || k < to) {
					want = append(want, k+"="+model[k])
				}
			}
			if err := o.Keys(s, from, to, func(k string) bool { keys = append(keys, k); return true }); err != nil {
				r.Fatal(err)
			}
			for _, k := range keys {
				v, written, err := o.Get(k)
				if !written {
					v, err = s.Get(k)
				}
				if err != nil {
					r.Fatal(err)
				}
				got = append(got, k+"="+string(v))
			}
			if d := cmp.Diff(want, got); d != "" {
				r.Fatal(d)
			}
			if err := o.Seal(); err != nil || puts < 0 {
				r.Fatalf("%v, a row was encoded twice (%d)", err, puts)
			}
			apply(t, s, 2, o.Rows()...)
			if got := content(t, s, from, to); !slices.Equal(got, want) {
				r.Fatalf("applied: %q, not %q", got, want)
			}
		})
	})
}

// A row is encoded once, whatever its writes and reads; a deleted one never.
func TestOverlayEncodesOnce(t *testing.T) {
	var encoded []any
	o := store.Overlay{Encode: func(_ string, row any) ([]byte, error) {
		encoded = append(encoded, row)
		if row == "bad" {
			return nil, errors.New("refused")
		}
		if row == "empty" {
			return nil, nil
		}
		return []byte(row.(string)), nil
	}}
	o.Put("key", "first", nil)
	o.Put("key", "last", nil)
	o.Put("gone", "row", nil)
	o.Set("gone", nil)
	o.Put("known", "row", []byte("bytes"))
	o.Put("none", "empty", nil)
	if row, value, ok := o.Row("key"); row != "last" || value != nil || !ok || len(encoded) > 0 {
		t.Errorf("row %v, %q, %t", row, value, ok)
	}
	if v, ok, err := o.Get("gone"); v != nil || !ok || err != nil {
		t.Errorf("deleted: %q, %t, %v", v, ok, err)
	}
	if v, ok, err := o.Get("key"); string(v) != "last" || !ok || err != nil {
		t.Errorf("key: %q, %t, %v", v, ok, err)
	}
	for range 2 {
		if err := o.Seal(); err != nil {
			t.Error(err)
		}
	}
	want := []store.Row{{"key", []byte("last")}, {"gone", nil}, {"known", []byte("bytes")}, {"none", []byte{}}}
	if d := cmp.Diff(want, o.Rows()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{"last", "empty"}, encoded); d != "" {
		t.Error(d)
	}
	o.Put("key", "again", nil)
	if err := o.Seal(); err != nil || string(o.Rows()[0].Value) != "again" {
		t.Errorf("a write after Seal: %v, %q", err, o.Rows()[0].Value)
	}
	o.Put("key", "bad", nil)
	if err := o.Seal(); err == nil || !strings.Contains(err.Error(), `"key"`) {
		t.Errorf("got %v", err)
	}
	o.Clear()
	if _, ok, _ := o.Get("key"); ok || o.Len() != 0 || o.Seal() != nil {
		t.Error("something left")
	}
}

func TestCheckRefusesReservedKeys(t *testing.T) {
	if err := store.Check("\x00x"); !errors.Is(err, store.ErrReserved) {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(store.Check(""), store.Check("x\x00")); err != nil {
		t.Error(err)
	}
}

// Two groups of a process follow one table, each in a directory of its own, and no other process gets in.
func TestDisksBelow(t *testing.T) {
	disk := newDisk(t, t.TempDir())
	a, err := disk.Below("a")
	if err != nil {
		t.Fatal(err)
	}
	b, err := disk.Below("b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	ofA, err := a.Open("table", 3)
	if err != nil {
		t.Fatal(err)
	}
	ofB := open(t, b)
	if err := ofA.Apply([]store.Row{{Key: "k", Value: []byte("v")}}, stampOf(1)); err != nil {
		t.Fatal(err)
	}
	if got := content(t, ofB, "", ""); len(got) > 0 {
		t.Errorf("b has %v", got)
	}
	if _, err := disk.Below("a"); !errors.Is(err, lockfile.ErrHeld) {
		t.Errorf("a second time: %v", err)
	}
	if err := errors.Join(ofA.Close(), a.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := disk.Below("a")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	if got := content(t, open(t, again), "", ""); len(got) != 1 {
		t.Errorf("a has %v", got)
	}
}
