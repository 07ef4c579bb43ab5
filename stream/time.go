package stream

import (
	"time"

	"github.com/lovoo/goka"
)

// Time says where the event time of those who read a topic comes from.
type Time uint8

const (
	// NoTime says that the topic has no event time (commands, settings, the loop). It never holds up its readers'
	// watermark, nor moves it.
	NoTime Time = iota
	// OwnTime says that strangers write the topic. Each of its partitions has the largest time that Topic.EventTime
	// told, or callbacks have Advanced to.
	OwnTime
	// Watermarked says that groups of ours write the topic, and send into it how far their own event time is. Readers
	// go by the minimum over all partitions of those groups, whatever times the records have.
	Watermarked
)

// Clock says what time a group goes by.
type Clock uint8

const (
	// EventClock is that of the group's inputs: Context.Watermark is event time.
	EventClock Clock = iota
	// WallClock is that of the transport: Context.Watermark is now, the same for all callbacks of one transaction, and
	// never goes back, neither by restarts nor by a clock that does. Timers are called when their time has come, input
	// or none. Inputs hold nothing up, whatever time they carry; outputs carry none. Such a group needs a table, which
	// keeps how far its time is. It is exactly once, but a replay does not repeat it.
	WallClock
)

// ClockOf tells what time the group of an edge goes by: one of Input, Loop or Persist. Edges of other makes have
// EventClock.
func ClockOf(e goka.Edge) Clock {
	if e.Codec() == nil { // a visitor
		return EventClock
	}
	if c, ok := e.Codec().(interface{ groupClock() Clock }); ok {
		return c.groupClock()
	}
	return EventClock
}

// HeartbeatOf tells how often the table of an edge made by Persist says as of when it is; 0: never.
func HeartbeatOf(e goka.Edge) time.Duration {
	if c, ok := e.Codec().(interface{ groupHeartbeat() time.Duration }); ok {
		return c.groupHeartbeat()
	}
	return 0
}

// MaxAgeOf tells how old the table of an edge made by CurrentLookup may be; 0: any age.
func MaxAgeOf(e goka.Edge) time.Duration {
	if c, ok := e.Codec().(interface{ maxAge() time.Duration }); ok {
		return c.maxAge()
	}
	return 0
}

// TimeOf tells what event time the topic of an edge has: one of Input or Output. Edges of other makes have NoTime.
func TimeOf(e goka.Edge) Time {
	if c, ok := e.Codec().(interface{ eventTime() Time }); ok {
		return c.eventTime()
	}
	return NoTime
}

func (c inputCodec[T]) eventTime() Time   { return c.time }
func (c outputCodec[T]) eventTime() Time  { return c.time }
func (c inputCodec[T]) groupClock() Clock { return c.clock }
func (c rowCodec[Row]) groupClock() Clock { return c.clock }

func (c rowCodec[Row]) groupHeartbeat() time.Duration { return c.heartbeat }
