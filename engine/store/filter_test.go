package store

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func (f *filter) addAll(keys ...string) {
	f.add(func(yield func(string)) {
		for _, k := range keys {
			yield(k)
		}
	})
}

// A key that was added is never said to be missing, whatever else is in the filter.
func TestFilterNeverLosesAKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFilter()
		keys := rapid.SliceOfN(rapid.String(), 0, 200).Draw(t, "keys")
		f.addAll(keys...)
		f.complete()
		for _, k := range keys {
			if f.lacks(k) {
				t.Fatalf("%q is missing", k)
			}
		}
	})
}

func TestFilterKnowsWhatIsMissing(t *testing.T) {
	f := newFilter()
	const n = 200_000 // several layers
	for i := range n {
		f.addAll("txn_" + strconv.Itoa(i))
	}
	if f.lacks("other") {
		t.Error("a filter that is not whole says that a key is missing")
	}
	f.complete()
	wrong := 0
	for i := range n {
		if f.lacks("txn_" + strconv.Itoa(i)) {
			t.Fatalf("txn_%d is missing", i)
		}
		if !f.lacks("other_" + strconv.Itoa(i)) {
			wrong++
		}
	}
	if wrong > n*3/100 {
		t.Errorf("%d of %d missing keys are thought to be there", wrong, n)
	}
	if wrong == 0 {
		t.Error("this filter is too good to be true")
	}
}

func TestFilterOfTooManyKeysSaysNothing(t *testing.T) {
	f := newFilter()
	f.complete()
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; !f.over; i++ {
		if i > 6_000_000 {
			t.Fatal("it grows without an end")
		}
		f.put(r.Uint64())
	}
	if f.lacks("other") || f.layers != nil {
		t.Error("a filter that was given up knows something")
	}
}

// A store that is opened again learns its rows, and is told of those that come meanwhile.
func TestDiskLearnsItsRows(t *testing.T) {
	d, err := NewDisk(DiskConfig{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	before, err := d.Open("table", 0)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]Row, 2*learnAtOnce+1)
	for i := range rows {
		rows[i] = Row{strconv.Itoa(i), []byte("v")}
	}
	if err := errors.Join(before.Apply(rows, Stamp{Next: 1}), before.Close()); err != nil {
		t.Fatal(err)
	}
	again, err := d.Open("table", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if err := again.Apply([]Row{{"new", []byte("v")}, {"gone", nil}}, Stamp{Next: 2}); err != nil {
		t.Fatal(err)
	}
	s := again.(*disk)
	s.scanned.Wait()
	keys := []string{"new"}
	for _, r := range rows {
		keys = append(keys, r.Key)
	}
	for _, key := range keys {
		if v, err := s.Get(key); err != nil || v == nil || s.filter.lacks(key) {
			t.Fatalf("row %s is missing, %v", key, err)
		}
	}
	if !s.filter.lacks("gone") || !s.filter.whole {
		t.Error("the filter knows nothing of missing rows")
	}
}
