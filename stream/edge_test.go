package stream_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/stream/streamtest"
)

func TestMain(m *testing.M) { streamtest.VerifyNoLeaks(m) }

// text is a codec of strings that refuses some.
type text struct{}

type badText struct{}

func (badText) Error() string            { return "bad text" }
func (badText) DeadLetterReason() string { return "invalid_field" }

func (text) Encode(s string) ([]byte, error) { return []byte(s), nil }

func (text) Decode(b []byte) (string, error) {
	switch string(b) {
	case "refused":
		return "", errors.New("refused")
	case "bad":
		return "", fmt.Errorf("text: %w", badText{})
	case "boom":
		panic("codec")
	}
	return string(b), nil
}

// actor does what its input says, in words: set=row, delete, emit=value, loop=key, dead=reason, timer=second, panic,
// see.
type actor struct {
	group   stream.Group[string]
	in, out stream.Topic[string]
	timed   stream.Topic[string]
}

func newActor() *actor {
	return &actor{
		group: stream.Group[string]{Name: "actor", Row: text{}, DeadLetters: "dead"},
		in:    stream.Topic[string]{Name: "in", Codec: text{}},
		timed: stream.Topic[string]{
			Name: "timed", Codec: text{}, Time: stream.Watermarked, EventTime: second,
			Source: func(s string) (stream.Coordinates, []byte) {
				return stream.Coordinates{Topic: "origin", Partition: 1, Offset: 99, Key: []byte("own")}, []byte("source of " + s)
			},
		},
		out: stream.Topic[string]{Name: "out", Codec: text{}},
	}
}

// second takes the last word for event time.
func second(s string) time.Time {
	words := strings.Fields(s)
	n, _ := strconv.Atoi(words[len(words)-1])
	return time.Unix(int64(n), 0)
}

func (a *actor) graph() *goka.GroupGraph {
	return goka.DefineGroup(a.group.Goka(),
		stream.Input(a.group, a.in, a.act), stream.Input(a.group, a.timed, a.act), stream.Loop(a.group, text{}, a.act),
		stream.Persist(a.group), stream.Output(a.out), stream.DeadLetters(a.group),
		stream.Timers(a.group, func(c *stream.Context[string], timer stream.Timer) {
			a.act(c, "see emit="+timer.Name)
			if timer.Name == "panic" {
				panic("timer")
			}
		}),
		stream.Sweep(a.group, func(c *stream.Context[string]) { a.act(c, "delete") }),
	)
}

func (a *actor) act(c *stream.Context[string], words string) {
	for _, word := range strings.Fields(words) {
		verb, what, _ := strings.Cut(word, "=")
		switch verb {
		case "set":
			c.SetRow(what)
		case "delete":
			c.DeleteRow()
		case "emit":
			stream.Emit(c, a.out, c.Key(), what)
		case "loop":
			stream.Loopback(c, what, "set=by-loop")
		case "say": // anything to the own key by loop
			stream.Loopback(c, c.Key(), what)
		case "dead":
			c.DeadLetter(stream.DeadLetter{Reason: what, Detail: "asked for"})
		case "timer":
			c.SetTimer(second(what), "due")
			c.SetTimer(second(what), "panic")
		case "see":
			row, ok := c.Row()
			stream.Emit(c, a.out, c.Key(), fmt.Sprintf("row=%q,%v at=%d", row, ok, c.Watermark().Unix()))
		case "panic":
			panic("asked for")
		}
	}
}

func TestEdges(t *testing.T) {
	c := edgeConfig()
	streamtest.Run(t, "testdata/*.txt", c)
	c.Calm = true // dead letters of loop records are filed by their offsets
	streamtest.Run(t, "testdata/calm/*.txt", c)
}

// The same actor, by the wall clock.
func TestWallClock(t *testing.T) {
	c := edgeConfig()
	c.Build = func() streamtest.Processor {
		a := newActor()
		a.group.Clock = stream.WallClock
		return streamtest.Processor{Graph: a.graph()}
	}
	streamtest.Run(t, "testdata/wall/*.txt", c)
}

func edgeConfig() streamtest.Config {
	a := newActor()
	timed := streamtest.Raw("timed")
	timed.Time = streamtest.Time(a.timed)
	return streamtest.Config{
		Build:  func() streamtest.Processor { return streamtest.Processor{Graph: newActor().graph()} },
		Topics: []streamtest.Topic{streamtest.Raw("in"), streamtest.Raw("out"), timed},
		Row:    streamtest.Value(a.group.Row),
	}
}

// amended is text that tells what it was amended from.
type amended struct{ text }

func (amended) EncodeAfter(s, before string, raw []byte) ([]byte, error) {
	return []byte(s + " after " + before + ", which is " + string(raw)), nil
}

// The table's codec amends if the group's does, and only rows of its type.
func TestPersistAmends(t *testing.T) {
	type amender interface {
		EncodeAfter(v, before any, raw []byte) ([]byte, error)
	}
	g := stream.Group[string]{Name: "g", Row: text{}}
	if _, ok := stream.Persist(g).Codec().(amender); ok {
		t.Error("text does not amend")
	}
	g.Row = amended{}
	edge := stream.Persist(g)
	if !stream.SharesRows(edge) {
		t.Error("rows are not shared")
	}
	codec, ok := edge.Codec().(amender)
	if !ok {
		t.Fatal("amended amends")
	}
	if b, err := codec.EncodeAfter("new", "old", []byte("raw")); string(b) != "new after old, which is raw" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := codec.EncodeAfter("new", 5, []byte("raw")); string(b) != "new" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := codec.EncodeAfter(5, "old", nil); err == nil {
		t.Error("5 is no row")
	}
}
