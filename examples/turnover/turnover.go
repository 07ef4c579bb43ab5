package main

import (
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/window"
	"github.com/millrace/millrace/stream"
)

// Sale comes in on topic sales, by shop.
type Sale struct {
	Amount int64     `json:"amount"` // minor units
	At     time.Time `json:"at"`
}

// Turnover goes out on topic turnover, by shop: once for each minute that had sales, when it is over.
type Turnover struct {
	From   instant.Milli `json:"from"`
	To     instant.Milli `json:"to"`
	Amount int64         `json:"amount"`
}

// graph adds up each shop's sales by minute. Sales that come later than ten seconds after their minute are dead
// letters.
func graph() *goka.GroupGraph {
	minutes := window.Tumbling(time.Minute, 10*time.Second)
	group := stream.Group[window.Set[int64]]{Name: "turnover", Row: stream.JSON[window.Set[int64]]{},
		DeadLetters: "turnover-dead-letters"}
	sales := stream.Topic[Sale]{Name: "sales", Codec: stream.JSON[Sale]{}, Time: stream.OwnTime,
		EventTime: func(s Sale) time.Time { return s.At }}
	turnover := stream.Topic[Turnover]{Name: "turnover", Codec: stream.JSON[Turnover]{}}

	// what is due is closed first, so that timing changes nothing
	settle := func(c *stream.Context[window.Set[int64]]) window.Set[int64] {
		row, _ := c.Row()
		row, finals := row.Advance(minutes, instant.Of(c.Watermark()))
		for _, f := range finals {
			stream.Emit(c, turnover, c.Key(), Turnover{f.Span.Start, f.Span.End, f.Value})
		}
		return row
	}
	return goka.DefineGroup(group.Goka(),
		stream.Input(group, sales, func(c *stream.Context[window.Set[int64]], s Sale) {
			row, effects := settle(c).Add(minutes, instant.Of(s.At), s.Amount, func(a, b int64) int64 { return a + b })
			for _, e := range effects {
				if e.Kind == window.Late {
					c.DeadLetter(stream.DeadLetter{Reason: "late", Detail: "its minute is closed"})
				}
				c.SetTimer(e.ClosesAt.Time(), "close")
			}
			c.SetRow(row)
		}),
		stream.Timers(group, func(c *stream.Context[window.Set[int64]], _ stream.Timer) { c.SetRow(settle(c)) }),
		stream.Persist(group), stream.Output(turnover), stream.DeadLetters(group))
}
