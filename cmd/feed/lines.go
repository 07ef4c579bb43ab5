package feed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// peeked is how much of a file is looked at to tell its form.
const peeked = 1 << 20

// errForm says that a file has a form that is not read. Its text says what to give instead.
var errForm = errors.New("not a file of events")

// Lines reads the events of a file one after the other. It takes JSON lines (with LF or CRLF, with a byte order mark,
// with record separators of RFC 7464), JSON values that span lines or follow each other without lines, one JSON array
// of events, and each of them under gzip.
//
// In JSON lines a line that is no JSON is an event as well: whoever gets it judges it. In the other forms nothing can
// be read behind what is no JSON, so it ends them with an error.
type Lines struct {
	max     int
	scanner *bufio.Scanner // JSON lines
	decoder *json.Decoder  // other forms
	array   bool           // the decoder is in an array
	number  int64
	value   []byte
	err     error
	done    bool
}

// NewLines tells the form of r, of whose lines or values none is longer than max bytes. It returns errForm, wrapped,
// for a form that is not read.
func NewLines(r io.Reader, max int) (*Lines, error) {
	in := bufio.NewReaderSize(r, peeked)
	head, err := in.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		in = bufio.NewReaderSize(z, peeked)
		if head, err = in.Peek(peeked); err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("gzip: %w", err)
		}
	}
	if err := refused(head); err != nil {
		return nil, err
	}
	if mark := []byte("\ufeff"); bytes.HasPrefix(head, mark) {
		head = head[len(mark):]
		if _, err := in.Discard(len(mark)); err != nil {
			return nil, err
		}
	}
	return formed(in, bytes.TrimLeft(head, " \t\r\n\x1e"), max)
}

// formed tells what follows each other by the first value.
func formed(in *bufio.Reader, head []byte, max int) (*Lines, error) {
	l := &Lines{max: max}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	first := json.NewDecoder(bytes.NewReader(head))
	var value json.RawMessage
	switch {
	case json.Valid(line) && !bytes.HasPrefix(line, []byte("[")):
		if err := notABatch(line); err != nil {
			return nil, err
		}
	case bytes.HasPrefix(head, []byte("[")):
		l.decoder, l.array = json.NewDecoder(in), true
		if _, err := l.decoder.Token(); err != nil {
			return nil, fmt.Errorf("the array of events: %w", err)
		}
	case bytes.HasPrefix(head, []byte("{")) && first.Decode(&value) == nil:
		if err := notABatch(value); err != nil {
			return nil, err
		}
		l.decoder = json.NewDecoder(in)
	}
	if l.decoder == nil {
		l.scanner = bufio.NewScanner(in)
		l.scanner.Buffer(make([]byte, 64<<10), max)
	}
	return l, nil
}

// notABatch refuses the body of POST /v1/events.
func notABatch(value []byte) error {
	var body struct {
		Type   *json.RawMessage
		Events *json.RawMessage
	}
	if json.Unmarshal(value, &body) == nil && body.Type == nil && body.Events != nil {
		return fmt.Errorf(`%w: it begins with {"events": …}, the body of POST /v1/events; give the events one a line, or their array (jq -c '.events[]')`, errForm)
	}
	return nil
}

// refused tells forms that are not read by their first bytes.
func refused(head []byte) error {
	for _, f := range []struct{ first, says string }{
		{"\xff\xfe", "UTF-16 text; save it as UTF-8"},
		{"\xfe\xff", "UTF-16 text; save it as UTF-8"},
		{"\x28\xb5\x2f\xfd", "compressed by zstd; decompress it first (zstd -d), or give gzip"},
		{"BZh", "compressed by bzip2; decompress it first (bunzip2), or give gzip"},
		{"\xfd7zXZ", "compressed by xz; decompress it first (unxz), or give gzip"},
		{"\x04\x22\x4d\x18", "compressed by lz4; decompress it first (lz4 -d), or give gzip"},
		{"PK\x03\x04", "a zip archive or a spreadsheet; give JSON lines, one event a line"},
		{"PAR1", "Parquet; give JSON lines, one event a line"},
		{"Obj\x01", "Avro; give JSON lines, one event a line"},
	} {
		if bytes.HasPrefix(head, []byte(f.first)) {
			return fmt.Errorf("%w: it is %s", errForm, f.says)
		}
	}
	if bytes.IndexByte(head[:min(len(head), 512)], 0) >= 0 {
		return fmt.Errorf("%w: it is binary; give JSON lines, one event a line", errForm)
	}
	return nil
}

// Next reads the next event, and reports false at the end or at an error.
func (l *Lines) Next() bool {
	if l.done {
		return false
	}
	next := l.nextValue
	if l.scanner != nil {
		next = l.nextLine
	}
	l.done = !next()
	return !l.done
}

func (l *Lines) nextLine() bool {
	for l.scanner.Scan() {
		l.number++
		if l.value = bytes.Trim(l.scanner.Bytes(), " \t\r\x1e"); len(l.value) > 0 {
			return true
		}
	}
	if err := l.scanner.Err(); err != nil {
		l.err = fmt.Errorf("line %d: %w", l.number+1, err)
	}
	return false
}

func (l *Lines) nextValue() bool {
	l.number++
	if l.array && !l.decoder.More() {
		if _, err := l.decoder.Token(); err != nil {
			l.err = fmt.Errorf("the end of the array, behind event %d: %w", l.number-1, err)
		} else if _, err := l.decoder.Token(); !errors.Is(err, io.EOF) {
			l.err = fmt.Errorf("there is more behind the array of %d events; give one array, or the events one a line",
				l.number-1)
		}
		return false
	}
	var value json.RawMessage
	err := l.decoder.Decode(&value)
	switch {
	case errors.Is(err, io.EOF) && !l.array:
		return false
	case err != nil:
		l.err = fmt.Errorf("event %d: %w; give the events one a line, and a line that is no JSON does not end the file",
			l.number, err)
		return false
	case len(value) > l.max:
		l.err = fmt.Errorf("event %d: %w", l.number, bufio.ErrTooLong)
		return false
	}
	var line bytes.Buffer
	if l.err = json.Compact(&line, value); l.err != nil {
		return false
	}
	l.value = line.Bytes()
	return true
}

// Line returns the event that Next has read, without line breaks around it; it holds until the next call.
func (l *Lines) Line() []byte { return l.value }

// Number returns which line, or where there are no lines which event, Next has read, from 1 on.
func (l *Lines) Number() int64 { return l.number }

// Err returns what ended the reading; nil at the end.
func (l *Lines) Err() error { return l.err }
