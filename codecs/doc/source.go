package doc

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/millrace/millrace/domain/problem"
)

// fileLimit is the largest file of definitions that is read, in bytes.
const fileLimit = 4 << 20

// errTooLarge is of a file that is larger.
var errTooLarge = errors.New("the file is larger than 4 MiB")

// Source is a file of definitions: its items, and where everything in them stands. The pointers of item n begin with
// /n.
type Source struct {
	Items []any
	Empty bool // there is nothing but comments
	marks *marks
}

// ReadSource reads a list from YAML or JSON, or a single thing as a list of one; the lists of several YAML documents
// are joined. A file of nothing has no items.
func ReadSource(r io.Reader) (*Source, error) {
	b, err := io.ReadAll(io.LimitReader(r, fileLimit+1))
	if err != nil {
		return nil, err
	}
	if len(b) > fileLimit {
		return nil, errTooLarge
	}
	text, err := DecodeText(b)
	if err != nil {
		return nil, err
	}
	s := &Source{marks: newMarks()}
	if trimmed := strings.TrimSpace(text); json.Valid([]byte(trimmed)) && strings.ContainsAny(trimmed[:1], "{[") {
		return s, s.readJSON(text)
	}
	return s, s.readYAML(text)
}

// Locate gives problems of the items their places.
func (s *Source) Locate(list problem.List) problem.List {
	s.marks.locate(list)
	return list
}

// readJSON reads a document that is valid.
func (s *Source) readJSON(text string) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	r := &jsonReader{decoder: d, text: text, marks: s.marks}
	pointer := "/0"
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		pointer = ""
	}
	node, err := r.tree(pointer, 0)
	if err != nil {
		return err
	}
	if list, ok := node.([]any); ok {
		s.Items = list
		return nil
	}
	s.Items = []any{node}
	return nil
}

// DecodeText returns a file as text: UTF-8 or UTF-16, with or without a byte order mark (YAML 1.2, 5.2), lines ending
// in LF.
func DecodeText(b []byte) (string, error) {
	order := UTF16Order(b)
	text := string(b)
	if order != nil {
		if len(b)%2 != 0 {
			return "", errors.New("is UTF-16 with half a character at its end")
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = order.Uint16(b[2*i:])
		}
		text = string(utf16.Decode(units))
	}
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	for i, r := range text {
		switch {
		case r == utf8.RuneError && (order != nil || !strings.HasPrefix(text[i:], "\ufffd")):
			return "", markOf(text, i).errorf("is neither UTF-8 nor UTF-16: save the file as UTF-8")
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f, r == 0xfeff:
			return "", markOf(text, i).errorf("has a control character, %s: take it out", strconv.QuoteRuneToASCII(r))
		}
	}
	return text, nil
}

// UTF16Order returns the order of bytes of UTF-16, nil for UTF-8: by the byte order mark, or where the first two
// characters are ASCII.
func UTF16Order(b []byte) binary.ByteOrder {
	ascii := func(zero, text int) bool {
		return len(b) >= 4 && b[zero] == 0 && b[zero+2] == 0 && b[text] != 0 && b[text+2] != 0
	}
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), ascii(1, 0):
		return binary.LittleEndian
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}), ascii(0, 1):
		return binary.BigEndian
	default:
		return nil
	}
}
