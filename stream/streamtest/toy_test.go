package streamtest_test

import (
	"math/big"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/stream/streamtest"
)

// The toy processor adds up amounts per key. A negative amount panics, an amount over 1000 goes to the boss (lookup),
// every 10 s window of event time closes by a timer, and "give" sends the amount to another key by the loop.
type (
	sale struct {
		At     int64  `json:"at"` // seconds
		Amount int    `json:"amount"`
		Give   string `json:"give,omitempty"`
	}
	sum struct {
		Total int   `json:"total"`
		Open  int   `json:"open"`
		End   int64 `json:"end,omitempty"`
	}
	window struct {
		End    int64 `json:"end"`
		Amount int   `json:"amount"`
	}
)

type toy struct {
	sales   stream.Topic[sale]
	windows stream.Topic[window]
	group   stream.Group[sum]
	bosses  stream.Group[string]
	index   map[string]string
}

func newToy() *toy {
	return &toy{
		sales: stream.Topic[sale]{
			Name: "sales", Codec: stream.JSON[sale]{}, Time: stream.Watermarked, EventTime: func(s sale) time.Time { return time.Unix(s.At, 0) },
		},
		windows: stream.Topic[window]{
			Name: "windows", Codec: stream.JSON[window]{}, Time: stream.Watermarked, EventTime: func(w window) time.Time { return time.Unix(w.End, 0) },
		},
		group:  stream.Group[sum]{Name: "toy", Row: stream.JSON[sum]{}, DeadLetters: "dead"},
		bosses: stream.Group[string]{Name: "bosses", Row: stream.JSON[string]{}},
		index:  map[string]string{},
	}
}

func (t *toy) graph() *goka.GroupGraph {
	return goka.DefineGroup(t.group.Goka(),
		stream.Input(t.group, t.sales, t.sale),
		stream.Loop(t.group, stream.JSON[int]{}, t.gift),
		stream.Persist(t.group),
		stream.Output(t.windows),
		stream.DeadLetters(t.group),
		stream.Lookup(t.bosses),
		stream.Timers(t.group, t.close),
		stream.Sweep(t.group, t.sweep),
	)
}

func (t *toy) sale(c *stream.Context[sum], s sale) {
	t.closeDue(c)
	row, _ := c.Row()
	row.Total += s.Amount
	row.Open += s.Amount
	if row.End == 0 {
		row.End = s.At/10*10 + 10
		c.SetTimer(time.Unix(row.End, 0), "close")
	}
	c.SetRow(row)
	if s.Amount < 0 {
		panic("negative")
	}
	if s.Give != "" {
		stream.Loopback(c, s.Give, s.Amount)
	}
	c.Add("sold", big.NewInt(int64(s.Amount)))
	if boss, ok := t.index[c.Key()]; ok {
		stream.Loopback(c, boss, 1)
	}
}

func (t *toy) gift(c *stream.Context[sum], amount int) {
	row, _ := c.Row()
	row.Total += amount
	c.SetRow(row)
}

func (t *toy) close(c *stream.Context[sum], _ stream.Timer) { t.closeDue(c) }

func (t *toy) closeDue(c *stream.Context[sum]) {
	row, ok := c.Row()
	if !ok || row.End == 0 || c.Watermark().Before(time.Unix(row.End, 0)) {
		return
	}
	stream.Emit(c, t.windows, c.Key(), window{End: row.End, Amount: row.Open})
	row.Open, row.End = 0, 0
	c.SetRow(row)
}

func (t *toy) sweep(c *stream.Context[sum]) {
	if row, _ := c.Row(); row.Total == 0 {
		c.Add("gone", big.NewInt(1))
		c.DeleteRow()
	}
}

func toyConfig(partitions int32) streamtest.Config {
	t := newToy()
	return streamtest.Config{
		Build: func() streamtest.Processor {
			t := newToy()
			return streamtest.Processor{Graph: t.graph(), Index: map[string]func(string, []byte){
				"bosses-table": func(key string, value []byte) {
					if value == nil {
						delete(t.index, key)
						return
					}
					t.index[key] = string(value)
				},
			}}
		},
		Topics:     []streamtest.Topic{streamtest.JSON(t.sales), streamtest.JSON(t.windows)},
		Row:        streamtest.Value(t.group.Row),
		Partitions: partitions,
	}
}
