package stream

import "github.com/lovoo/goka"

// Time says where the event time of those who read a topic comes from.
type Time uint8

const (
	// NoTime says that the topic has no event time (commands, settings, the loop). It never holds up its readers' watermark, nor moves it.
	NoTime Time = iota
	// OwnTime says that strangers write the topic. Each of its partitions has the largest time that Topic.EventTime told, or callbacks
	// have Advanced to.
	OwnTime
	// Watermarked says that groups of ours write the topic, and send into it how far their own event time is. Readers go by the minimum
	// over all partitions of those groups, whatever times the records have.
	Watermarked
)

// TimeOf tells what event time the topic of an edge has: one of Input or Output. Edges of other makes have NoTime.
func TimeOf(e goka.Edge) Time {
	if c, ok := e.Codec().(interface{ eventTime() Time }); ok {
		return c.eventTime()
	}
	return NoTime
}

func (c inputCodec[T]) eventTime() Time  { return c.time }
func (c outputCodec[T]) eventTime() Time { return c.time }
