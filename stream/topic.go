// Package stream is the interface between processors and their transport. It imports goka alone: every function that
// builds a graph returns an ordinary goka.Edge, so a processor is a goka.GroupGraph and runs under any transport that
// supplies the []goka.ProcessorOption.
//
// It adds to goka: typed topics and rows, callbacks whose writes and emits happen together or not at all, dead letters
// instead of a stopped partition, event time (watermark, timers) and sweeps. The last two need a transport whose
// goka.WithContextWrapper yields a Transport. Without one, watermarks are zero, and setting a timer fails the
// processor. README.md has the invariants and the order to read in.
package stream

import (
	"fmt"
	"time"

	"github.com/lovoo/goka"
)

// Codec turns values of one type into bytes and back. Decode must not keep b. It returns an error for bad bytes; stream
// turns that into a dead letter (an input) or halts the processor (a row), see ReasonError.
//
// Rows are never changed: not after SetRow, and not those that Row returned. A transport may hand the same row to one
// callback after another, and encode it later; so a row that went through the codec must be equal to the one that was
// set. Rows should not hold on to the bytes of a record (Context.Raw), which are part of a whole fetch.
type Codec[T any] interface {
	Encode(v T) ([]byte, error)
	Decode(b []byte) (T, error)
}

// Amender is a Codec of large rows, of which little changes at a time. A transport that still has the row before and
// its bytes may have them amended.
type Amender[T any] interface {
	Codec[T]
	// EncodeAfter returns what Encode(v) does, byte for byte, given that Encode(before) returned raw. It changes none
	// of them.
	EncodeAfter(v, before T, raw []byte) ([]byte, error)
}

// Topic is a Kafka topic with the type of its values.
type Topic[T any] struct {
	Name  string
	Codec Codec[T]
	// Time says where the event time of the topic's readers comes from. Defaults to NoTime.
	Time Time
	// EventTime tells a value's event time. With OwnTime each record moves the watermark to it, so that callbacks need
	// not Advance. Of Watermarked topics it is what the values say; readers' time does not come from it. Nil: values
	// have none, or callbacks Advance.
	EventTime func(T) time.Time
	// Stamp tells the timestamp of a value's record, for topics that keep those of their producers (CreateTime). Nil,
	// or a zero time: when it is sent.
	Stamp func(T) time.Time
	// Source names the record that a value stems from and its dead-letter form, for values that are not raw input.
	// Nil: the record at hand and its bytes.
	Source func(T) (Coordinates, []byte)
	// OnError is what an Input does with a record that it cannot use. Defaults to what its group does. A Topic is a
	// value: a group sets it on its own copy.
	OnError Policy
}

// Stream returns the topic's name as goka wants it.
func (t Topic[T]) Stream() goka.Stream { return goka.Stream(t.Name) }

// Group is a processor group: its name, the codec of its table's rows, and where its bad input goes.
type Group[Row any] struct {
	Name        string
	Row         Codec[Row] // nil for a group without a table
	DeadLetters string     // topic name
	// of inputs that do not say otherwise, of the loop, timers and sweeps; defaults to ToDeadLetters
	OnError Policy
	Clock   Clock // what time callbacks see and timers go by; defaults to EventClock
	// Heartbeat is how often the table says as of when it is, also while nothing happens, for those who look it up with
	// CurrentLookup. For groups with WallClock only. Defaults to never.
	Heartbeat time.Duration
}

// NoRow is the row type of groups without a table.
type NoRow struct{}

// Goka returns the group's name as goka wants it.
func (g Group[Row]) Goka() goka.Group { return goka.Group(g.Name) }

// Table returns the name of the group's table topic.
func (g Group[Row]) Table() goka.Table { return goka.GroupTable(g.Goka()) }

// Coordinates name one record of one topic.
type Coordinates struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp time.Time
	Key       []byte
	// DeadLetter is the id of the dead letter of which the record is a replay, see HeaderDeadLetter; empty for every
	// other.
	DeadLetter string
}

// String returns topic-partition-offset, the id under which dead letters file the record.
func (c Coordinates) String() string { return fmt.Sprintf("%s-%d-%d", c.Topic, c.Partition, c.Offset) }

// message is what an input codec hands to the callback: goka offers the decoded value only, and a dead letter needs the
// raw bytes. A codec error travels inside, because goka answers a returned one by stopping the processor (goka#292).
type message[T any] struct {
	raw   []byte
	value T
	err   error
}

type inputCodec[T any] struct {
	Codec[T]
	time  Time
	clock Clock
}

func (c inputCodec[T]) Decode(b []byte) (out any, err error) {
	m := &message[T]{raw: b}
	defer func() {
		if r := recover(); r != nil {
			m.err = fmt.Errorf("codec panic: %v", r)
			out, err = m, nil
		}
	}()
	m.value, m.err = c.Codec.Decode(b)
	return m, nil
}

// Encode serves goka's tester, which produces input through the same codec.
func (c inputCodec[T]) Encode(v any) ([]byte, error) {
	switch v := v.(type) {
	case T:
		return c.Codec.Encode(v)
	case []byte:
		return v, nil
	case *message[T]:
		return v.raw, nil
	default:
		return nil, fmt.Errorf("stream: cannot encode %T", v)
	}
}

// outputCodec serves outputs, loops and tables.
type outputCodec[T any] struct {
	Codec[T]
	time Time
}

func (c outputCodec[T]) Decode(b []byte) (any, error) { return c.Codec.Decode(b) }

func (c outputCodec[T]) Encode(v any) ([]byte, error) {
	switch v := v.(type) {
	case T:
		return c.Codec.Encode(v)
	default:
		return nil, fmt.Errorf("stream: cannot encode %T", v)
	}
}

// GokaCodec adapts c to goka, for views and emitters.
func GokaCodec[T any](c Codec[T]) goka.Codec { return outputCodec[T]{Codec: c} }
