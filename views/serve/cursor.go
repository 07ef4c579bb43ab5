package serve

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/millrace/millrace/views/problem"
)

// Page is the query of every list.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Items in one answer"`
	Cursor string `query:"cursor" maxLength:"4096" doc:"The next_cursor of the answer before"`
}

const cursorVersion = 1

// Cursor marks a place in one list: after the position that it holds. It is bound to the list with its filters, so that
// one of another list is refused instead of skipping items.
type Cursor struct{ list uint64 }

// CursorOf returns the cursor maker of the list with a route, an owner and filters.
func CursorOf(list ...string) Cursor {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(list, "\x00"))) // hash.Hash never fails
	return Cursor{h.Sum64()}
}

// Encode returns the cursor of a position.
func (c Cursor) Encode(position string) *string {
	b := binary.BigEndian.AppendUint64([]byte{cursorVersion}, c.list)
	text := base64.RawURLEncoding.EncodeToString(append(b, position...))
	return &text
}

// Decode returns the position in text, empty for the beginning.
func (c Cursor) Decode(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) <= 9 || b[0] != cursorVersion {
		return "", problem.Invalid("/query/cursor", "malformed", "not a next_cursor")
	}
	if binary.BigEndian.Uint64(b[1:]) != c.list {
		return "", problem.Invalid("/query/cursor", "unknown_value", "a cursor of another list")
	}
	return string(b[9:]), nil
}

// ScanLimit bounds the missions that one request looks at; a page is then shorter than asked.
const ScanLimit = 10_000

// Number is decode for positions that are numbers, 0 for the beginning.
func (c Cursor) Number(text string) (int64, error) {
	position, err := c.Decode(text)
	if err != nil || position == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(position, 10, 64)
	if err != nil || n < 1 {
		return 0, problem.Invalid("/query/cursor", "malformed", "not a next_cursor")
	}
	return n, nil
}
