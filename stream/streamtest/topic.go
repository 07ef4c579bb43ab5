package streamtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/millrace/millrace/stream"
)

// Topic says how a topic's values are written in scripts.
type Topic struct {
	Name string
	// Parse turns a script's text into a value, for consume.
	Parse func(text string) ([]byte, error)
	// Format turns a value into one line. Watermark records never reach it.
	Format func(value []byte) string
	// Time tells the event time of a value, if it has one. A topic that has it carries event time: records that are
	// consumed are followed by watermarks.
	Time func(value []byte) (time.Time, bool)
}

// JSON writes the values of t as the JSON of its Go type, through its codec.
func JSON[T any](t stream.Topic[T]) Topic {
	return Topic{
		Name:   t.Name,
		Time:   Time(t),
		Format: Value(t.Codec),
		Parse: func(text string) ([]byte, error) {
			var v T
			d := json.NewDecoder(strings.NewReader(text))
			d.DisallowUnknownFields()
			if err := d.Decode(&v); err != nil {
				return nil, err
			}
			return t.Codec.Encode(v)
		},
	}
}

// Time returns what Topic.Time is for a topic: nil unless it is watermarked.
func Time[T any](t stream.Topic[T]) func([]byte) (time.Time, bool) {
	if t.Time != stream.Watermarked {
		return nil
	}
	return func(b []byte) (time.Time, bool) {
		v, err := t.Codec.Decode(b)
		if err != nil || t.EventTime == nil {
			return time.Time{}, false
		}
		return t.EventTime(v), true
	}
}

// Raw writes values as they are, quoted where they do not print.
func Raw(name string) Topic {
	return Topic{Name: name, Format: formatRaw, Parse: func(text string) ([]byte, error) { return []byte(text), nil }}
}

// Value returns a Format by c and encoding/json. It is also what Config.Row is made of.
func Value[T any](c stream.Codec[T]) func([]byte) string {
	return func(b []byte) string {
		v, err := c.Decode(b)
		if err != nil {
			return fmt.Sprintf("<%v>", err)
		}
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return fmt.Sprintf("<%v>", err)
		}
		return strings.TrimSpace(out.String())
	}
}

func formatRaw(b []byte) string {
	s := string(b)
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

func (t Topic) format(value []byte) string {
	if value == nil {
		return "<nil>"
	}
	return strings.ReplaceAll(t.Format(value), "\n", `\n`)
}
