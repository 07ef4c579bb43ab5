package stock

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lovoo/goka/storage"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/stream"
)

var _ storage.Storage = (*store)(nil)

func scan(t interface{ Fatal(...any) }, it storage.Iterator, err error) map[string]string {
	if err != nil {
		t.Fatal(err)
	}
	rows, last := map[string]string{}, ""
	for it.Next() {
		key := string(it.Key())
		if len(rows) > 0 && key <= last {
			t.Fatal("out of order", key)
		}
		last = key
		value, _ := it.Value()
		rows[key] = string(value)
	}
	it.Release()
	return rows
}

func TestStoreAgainstAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, model := newStore(0, nil), map[string]string{}
		key := rapid.StringMatching(`[a-c]{0,3}`)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				k, v := key.Draw(t, "key"), rapid.SliceOf(rapid.Byte()).Draw(t, "value")
				_ = s.Set(k, v)
				model[k] = string(v)
				for i := range v {
					v[i]++ // the store has a copy
				}
			},
			"delete": func(t *rapid.T) {
				k := key.Draw(t, "key")
				_ = s.Delete(k)
				delete(model, k)
			},
			"range": func(t *rapid.T) {
				from, to := key.Draw(t, "from"), key.Draw(t, "to")
				it, err := s.IteratorWithRange([]byte(from), []byte(to))
				want := maps.Clone(model)
				maps.DeleteFunc(want, func(k, _ string) bool { return k < from || to != "" && k >= to })
				if diff := cmp.Diff(want, scan(t, it, err)); diff != "" {
					t.Fatal(diff)
				}
			},
			"": func(t *rapid.T) {
				it, err := s.Iterator()
				if diff := cmp.Diff(model, scan(t, it, err)); diff != "" {
					t.Fatal(diff)
				}
				for _, k := range []string{"", "a", "abc"} {
					got, _ := s.Get(k)
					want, ok := model[k]
					if string(got) != want || (got != nil) != ok {
						t.Fatalf("get %q: %q", k, got)
					}
				}
				if s.size() != len(model) {
					t.Fatal("size", s.size())
				}
			},
		})
	})
}

func TestStoreIteratesOverASnapshot(t *testing.T) {
	s := newStore(0, nil)
	for i := range 100 {
		_ = s.Set(fmt.Sprintf("k%02d", i), []byte("old"))
	}
	it, err := s.Iterator()
	for i := range 100 {
		_ = s.Set(fmt.Sprintf("k%02d", i), []byte("new"))
		_ = s.Delete(fmt.Sprintf("k%02d", i/2))
	}
	rows := scan(t, it, err)
	if len(rows) != 100 || rows["k07"] != "old" {
		t.Errorf("%d rows, k07 is %s", len(rows), rows["k07"])
	}
}

func TestStoreOffsets(t *testing.T) {
	s := newStore(0, nil)
	if at, _ := s.GetOffset(-3); at != -3 {
		t.Errorf("offset %d", at)
	}
	_ = s.SetOffset(0)
	if at, _ := s.GetOffset(-3); at != 0 {
		t.Errorf("offset %d", at)
	}
}

func TestStoreForgetsOnCloseUnlessItIsARead(t *testing.T) {
	own, read := newStore(0, nil), newReader(1, nil, func(int32) int64 { return 0 }).build(0)
	for _, s := range []*store{own, read} {
		_ = s.Set("k", []byte("v"))
		_ = s.Close()
	}
	if own.size() != 0 || read.size() != 1 {
		t.Errorf("sizes %d, %d", own.size(), read.size())
	}
}

func TestReaderTellsOfChangesAndOffsets(t *testing.T) {
	index := map[string]string{}
	r := newReader(2, func(key string, value []byte) {
		if value == nil {
			delete(index, key)
			return
		}
		index[key] = string(value)
	}, func(p int32) int64 { return 40 + int64(p) })
	a, b := r.build(0), r.build(1)
	_ = a.Set("x", []byte("1"))
	_ = b.Set("y", []byte("2"))
	_ = a.Delete("x")
	_ = b.SetOffset(7)
	if diff := cmp.Diff(map[string]string{"y": "2"}, index); diff != "" {
		t.Error(diff)
	}
	_ = a.MarkRecovered()
	_ = a.MarkRecovered() // as after a reconnection
	if r.isReady() {
		t.Error("ready with one partition missing")
	}
	_ = b.MarkRecovered()
	if !r.isReady() {
		t.Error("not ready")
	}
	if diff := cmp.Diff(map[int32]int64{0: 40, 1: 41}, r.offsets.Next()); diff != "" {
		t.Error(diff)
	}
}

func TestStoresMergePartitionsInKeyOrder(t *testing.T) {
	r := newReader(3, nil, nil)
	var want []string
	for p := range int32(3) {
		r.build(p)
	}
	for i := range 50 {
		key := fmt.Sprintf("k%02d", i)
		_ = r.stores.part[stream.Partition([]byte(key), 3)].Set(key, []byte(key))
		want = append(want, key)
	}
	var got []string
	r.stores.ascend("k10", func(key string, _ []byte) bool {
		got = append(got, key)
		return key != "k40"
	})
	if diff := cmp.Diff(want[10:41], got); diff != "" {
		t.Error(diff)
	}
	for _, key := range want {
		if v, ok := r.stores.get(key); !ok || string(v) != key {
			t.Errorf("get %s: %s", key, v)
		}
	}
	if !slices.IsSorted(got) || r.stores.size() != 50 {
		t.Error("size", r.stores.size())
	}
}

func TestOffsetsWait(t *testing.T) {
	o := new(Offsets)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- o.Wait(ctx, map[int32]int64{0: 3, 1: 0, 2: 1}) }()
	o.raise(0, 5)
	o.raise(0, 4) // never back
	o.raise(2, 1)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int32]int64{0: 5, 2: 1}, o.Next()); diff != "" {
		t.Error(diff)
	}
	cause := errors.New("enough")
	ended, end := context.WithCancelCause(ctx)
	end(cause)
	if err := o.Wait(ended, map[int32]int64{0: 6}); !errors.Is(err, cause) {
		t.Error(err)
	}
}
