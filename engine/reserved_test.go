package engine

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// A form of rows that only a newer engine knows, and a time too large for offset metadata: both end the processor and
// say why.
func TestWhatCannotBeKeptEndsTheProcessor(t *testing.T) {
	t.Run("schema", func(t *testing.T) {
		f := newFixture(t)
		f.write("adder-table", schemaKey, []byte{schema + 1})
		f.flush()
		r := f.run(f.config(), f.graph())
		if err := <-r.result; !errors.Is(err, ErrSchema) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("text", func(t *testing.T) {
		f := newFixture(t)
		f.in.Time, f.in.EventTime = stream.Watermarked, nil
		f.says(0, 3000, 100)
		for n := range int32(1000) {
			f.says(n, 3000, 100)
		}
		f.flush()
		r := f.run(f.config(), f.relay())
		if err := <-r.result; !errors.Is(err, ErrText) {
			t.Errorf("got %v", err)
		}
	})
}

// The engine's own rows are in the table, and nobody else meets them.
func TestReservedRowsAreTheEnginesOwn(t *testing.T) {
	f := newFixture(t)
	r := f.run(f.config(), f.graph())
	for i := range 50 {
		f.number("k"+strconv.Itoa(i), i)
	}
	f.flush()
	r.handled(f, "in", "adder-loop")
	r.stop(t)
	reserved := map[string]int{}
	for _, rec := range f.committed("adder-table") {
		if key := string(rec.Key); position.IsReserved(key) {
			reserved[key]++
		}
	}
	for _, key := range []string{schemaKey, position.Key, watermark.RowPrefix, watermark.RowPrefix + "in"} {
		if reserved[key] < testPartitions {
			t.Errorf("%q was written %d times", key, reserved[key])
		}
	}

	var told journal
	lookup := goka.DefineGroup("reader", goka.Lookup("adder-table", new(codec.String)),
		goka.Input("other-table", new(codec.String), func(c goka.Context, _ any) {
			for _, key := range []string{schemaKey, position.Key, watermark.RowPrefix} {
				if v := c.Lookup("adder-table", key); v != nil {
					t.Errorf("%q is looked up as %v", key, v)
				}
			}
			told.add("a call")
		}))
	c := f.config()
	c.Index = map[string]func(string, []byte){"adder-table": func(key string, _ []byte) { told.add("%s", key) }}
	r = f.run(c, lookup)
	f.write("other-table", "k1", []byte("x"))
	f.flush()
	r.handled(f, "other-table")
	r.stop(t)
	all := told.all()
	if !slices.Contains(all, "a call") || !slices.Contains(all, "k7") || slices.ContainsFunc(all, position.IsReserved) {
		t.Errorf("told of %q", all)
	}
}
