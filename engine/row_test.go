package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/stream"
)

// account is a row with entries of 24 bytes or so.
type account struct {
	balance int64
	entries []entry
}

type entry struct {
	id     string
	amount int64
}

// accounts is a codec as a careful user writes it.
type accounts struct{ encoded, decoded *int }

func (c accounts) Encode(v any) ([]byte, error) {
	*c.encoded++
	a, ok := v.(*account)
	if !ok {
		return nil, fmt.Errorf("%T", v)
	}
	if a.balance == -13 {
		panic("unlucky")
	}
	b := binary.AppendVarint(make([]byte, 0, 16+32*len(a.entries)), a.balance)
	for _, e := range a.entries {
		b = append(binary.AppendUvarint(b, uint64(len(e.id))), e.id...)
		b = binary.AppendVarint(b, e.amount)
	}
	return b, nil
}

func (c accounts) Decode(b []byte) (any, error) {
	*c.decoded++
	a := &account{entries: make([]entry, 0, len(b)/24)}
	balance, used := binary.Varint(b)
	a.balance = balance
	for b = b[used:]; len(b) > 0; {
		n, used := binary.Uvarint(b)
		if used <= 0 || int(n)+used > len(b) {
			return nil, errors.New("short")
		}
		e := entry{id: string(b[used : used+int(n)])}
		b = b[used+int(n):]
		e.amount, used = binary.Varint(b)
		b = b[used:]
		a.entries = append(a.entries, e)
	}
	return a, nil
}

func accountOf(size int) *account {
	a := new(account)
	for i := range size / 24 {
		a.entries = append(a.entries, entry{"transaction-" + strconv.Itoa(1e6+i), int64(i * 1000)})
	}
	return a
}

// call is what goka gives to a callback.
type call struct {
	gokaContext
	key   string
	table *table
}

func (c *call) Key() string                  { return c.key }
func (c *call) Topic() goka.Stream           { return "in" }
func (c *call) Partition() int32             { return 0 }
func (c *call) Offset() int64                { return 7 }
func (c *call) Fail(err error)               { panic(err) }
func (c *call) Delete(...goka.ContextOption) { _ = c.table.Delete(c.key) }

// Value and SetValue do what goka does, but for its statistics.
func (c *call) Value() any {
	b, err := c.table.Get(c.key)
	if err != nil || b == nil {
		return nil
	}
	v, err := c.table.engine.graph.rows.Decode(b)
	if err != nil {
		panic(err)
	}
	return v
}

func (c *call) SetValue(v any, _ ...goka.ContextOption) {
	b, err := c.table.engine.graph.rows.Encode(v)
	if err == nil {
		err = c.table.Set(c.key, b)
	}
	if err != nil {
		panic(err)
	}
}

// desk is one partition of a table, with nothing around it.
type desk struct {
	table            *table
	encoded, decoded int
	next             int64
}

func newDesk(t testing.TB, shares bool, cache int, stores store.Opener) *desk {
	t.Helper()
	e, err := New(Config{Client: ClientConfig{Brokers: []string{"127.0.0.1:1"}}, RowCache: cache, Stores: stores})
	if err != nil {
		t.Fatal(err)
	}
	d := new(desk)
	e.graph.rows, e.graph.shares, e.graph.table = accounts{&d.encoded, &d.decoded}, shares, "table"
	e.graph.outputs = map[string]goka.Codec{"out": stream.Bytes{}}
	l, err := e.locals.acquire(place{"table", 0}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	d.table = newTable(e, l, e.config.RowCache)
	t.Cleanup(func() {
		e.locals.release(l)
		if err := e.close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *desk) context(key string) *callContext {
	return &callContext{gokaContext: &call{key: key, table: d.table}, engine: d.table.engine, table: d.table}
}

// deposit is a callback.
func (d *desk) deposit(key string, amount int64) {
	c := d.context(key)
	old, _ := c.Value().(*account)
	if old == nil {
		old = new(account)
	}
	c.SetValue(&account{balance: old.balance + amount, entries: old.entries})
}

func (d *desk) commit(t testing.TB) []kgo.Record {
	t.Helper()
	records, err := d.table.changes()
	if err != nil {
		t.Fatal(err)
	}
	d.next += int64(len(records))
	d.table.acknowledged(d.next)
	if err := d.table.commit(); err != nil {
		t.Fatal(err)
	}
	return records
}

func TestRowsAreDecodedAndEncodedOnce(t *testing.T) {
	d := newDesk(t, true, 0, nil)
	for _, key := range []string{"a", "b", "a", "a", "b"} {
		d.deposit(key, 1)
	}
	if d.encoded+d.decoded > 0 {
		t.Errorf("%d encoded, %d decoded before the commit", d.encoded, d.decoded)
	}
	if b, err := d.table.Get("a"); string(b) != "\x06" || err != nil { // as Processor.Get reads
		t.Errorf("a is %q, %v", b, err)
	}
	records := d.commit(t)
	if len(records) != 2 || string(records[0].Value) != "\x06" || string(records[1].Value) != "\x04" || d.encoded != 2 || d.decoded != 0 {
		t.Errorf("%d records, %d encoded, %d decoded", len(records), d.encoded, d.decoded)
	}
	d.deposit("a", 1)
	d.table.abort()
	d.deposit("a", 2)
	d.commit(t)
	if b, err := d.table.Get("a"); string(b) != "\x0a" || err != nil || d.encoded != 3 || d.decoded != 0 {
		t.Errorf("after an abort a is %q, %v; %d encoded, %d decoded", b, err, d.encoded, d.decoded)
	}
	d.context("a").gokaContext.Delete()
	if v := d.context("a").Value(); v != nil {
		t.Errorf("deleted row is %v", v)
	}
	d.commit(t)
	if v := d.context("a").Value(); v != nil || d.encoded != 3 {
		t.Errorf("deleted row is %v, %d encoded", v, d.encoded)
	}
}

// Without a cache a row is decoded again in the next transaction, but only then.
func TestRowsWithoutCache(t *testing.T) {
	d := newDesk(t, true, -1, nil)
	d.deposit("a", 1)
	d.commit(t)
	for range 3 {
		d.context("a").Value()
	}
	if d.decoded != 1 {
		t.Errorf("%d decoded", d.decoded)
	}
	d.commit(t)
	d.deposit("a", 1)
	if d.decoded != 2 {
		t.Errorf("%d decoded", d.decoded)
	}
}

// A plain graph may change what it set, and what it got.
func TestPlainRowsAreTheirOwn(t *testing.T) {
	d := newDesk(t, false, 0, nil)
	row := &account{balance: 1}
	d.context("a").SetValue(row)
	row.balance = 100
	got, _ := d.context("a").Value().(*account)
	got.balance = 200
	if records := d.commit(t); len(records) != 1 || string(records[0].Value) != "\x02" {
		t.Errorf("committed %q", records[0].Value)
	}
	if got, _ := d.context("a").Value().(*account); got.balance != 1 {
		t.Errorf("read %d", got.balance)
	}
}

// amending is accounts that note what was amended.
type amending struct {
	accounts
	amended *[]string
}

func (c amending) EncodeAfter(v, before any, raw []byte) ([]byte, error) {
	if want, err := c.accounts.Encode(before); err != nil || string(want) != string(raw) {
		return nil, fmt.Errorf("%x are not the bytes of %v: %w", raw, before, err)
	}
	*c.amended = append(*c.amended, fmt.Sprint(before.(*account).balance, " to ", v.(*account).balance))
	return c.Encode(v)
}

// A row is amended from the committed one with the bytes that were committed, as long as this process made both.
func TestRowsAreAmended(t *testing.T) {
	d := newDesk(t, true, 0, nil)
	var amended []string
	g := &d.table.engine.graph
	g.rows = sharedCodec{amending{accounts{&d.encoded, &d.decoded}, &amended}}
	g.amends = amenderOf(g.rows)
	d.deposit("a", 1)
	d.commit(t)
	d.deposit("a", 1)
	d.deposit("a", 1)
	d.commit(t)
	d.deposit("a", 5)
	if _, err := d.table.Get("a"); err != nil { // encodes it
		t.Fatal(err)
	}
	d.table.abort()
	d.table.engine.careful.Store(true)
	d.deposit("a", 10)
	d.deposit("a", 10)
	records := d.commit(t)
	if len(records) != 1 || string(records[0].Value) != "\x2e" {
		t.Errorf("committed %q", records[0].Value)
	}
	if got := fmt.Sprint(amended); got != "[1 to 3 3 to 8 3 to 13 3 to 23]" {
		t.Errorf("amended %s", got)
	}
	_ = d.table.Delete("a")
	d.commit(t)
	d.deposit("a", 1)
	d.commit(t)
	d.table.rows.drop("a") // what is read from the store may be of another process
	d.deposit("a", 1)
	d.commit(t)
	if len(amended) != 4 {
		t.Errorf("amended %s", amended)
	}
	if amenderOf(accounts{}) != nil {
		t.Error("not every codec amends")
	}
}

func TestRowCacheIsBounded(t *testing.T) {
	c := newRowCache(100 * (rowCost + 10 + 1))
	for i := range 1000 {
		c.put(strconv.Itoa(i%10), cachedRow{row: i, size: 10})
		c.put(strconv.Itoa(10+i), cachedRow{row: i, size: 10})
		c.get("5")
	}
	if n := len(c.young) + len(c.old); n > 100 || n < 40 {
		t.Errorf("%d rows", n)
	}
	for i := range 10 { // used all the time
		if e, ok := c.get(strconv.Itoa(i)); !ok || e.row != 990+i {
			t.Errorf("%d is %v, %t", i, e.row, ok)
		}
	}
	c.drop("5")
	if _, ok := c.get("5"); ok {
		t.Error("dropped row is there")
	}
	for key := range c.young {
		c.drop(key)
	}
	if c.bytes != 0 {
		t.Errorf("%d bytes left of nothing", c.bytes)
	}
}

// What a row costs between its first read and the commit: nothing but the new row.
func TestRowAllocations(t *testing.T) {
	d := newDesk(t, true, 0, nil)
	d.deposit("a", 1)
	d.commit(t)
	d.deposit("a", 1)
	c := d.context("a")
	row := new(account)
	if n := testing.AllocsPerRun(1000, func() {
		if c.Value() == nil {
			t.Error("no row")
		}
		c.SetValue(row)
	}); n > 0 {
		t.Errorf("%g allocations for a read and a write", n)
	}
}

// An emit costs its record, the record's key and its value; here the value is there already.
func TestWriteAllocations(t *testing.T) {
	d := newDesk(t, true, 0, nil)
	c := d.context("a")
	value := any([]byte("value"))
	x := stream.Effects{Emits: []stream.Emitted{{Topic: "out", Key: "b", Value: value}}}
	var r kgo.Record
	if n := testing.AllocsPerRun(1000, func() {
		if err := c.encode(&x.Emits[0], &r); err != nil {
			t.Error(err)
		}
	}); n > 1 {
		t.Errorf("%g allocations beside the record", n)
	}
}

func BenchmarkRows(b *testing.B) {
	disk := func(b *testing.B) store.Opener {
		s, err := store.NewDisk(store.DiskConfig{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
		return s
	}
	const keys = 1000
	for _, size := range []int{300, 10_000} {
		for _, changes := range []int{1, 3, 10} {
			for _, how := range []struct {
				name   string
				shares bool
				cache  int
			}{{"plain", false, -1}, {"shared", true, -1}, {"cached", true, 32 << 20}} {
				b.Run(fmt.Sprintf("%dB/%d-changes/%s", size, changes, how.name), func(b *testing.B) {
					d := newDesk(b, how.shares, how.cache, disk(b))
					names := make([]string, keys)
					for i := range names {
						names[i] = "key-" + strconv.Itoa(i)
						d.context(names[i]).SetValue(accountOf(size))
					}
					d.commit(b)
					d.encoded, d.decoded = 0, 0
					b.ReportAllocs()
					b.ResetTimer()
					for n := 0; n < b.N; {
						for range changes {
							for _, key := range names {
								d.deposit(key, 1)
								n++
							}
						}
						d.commit(b)
					}
					b.ReportMetric(float64(d.encoded)/float64(b.N), "encodes/op")
				})
			}
		}
	}
}
