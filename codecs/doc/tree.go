package doc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/problem"
)

const maxTreeDepth = 32

var (
	errTrailing = errors.New("something follows the value")
	errTooDeep  = errors.New("nested too deep")
)

// ParseJSON reads JSON into nil, bool, string, number, []any and map[string]any. Duplicate keys are errors.
func ParseJSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	r := &jsonReader{decoder: d}
	node, err := r.tree("", 0)
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return node, nil
}

// jsonReader reads a tree. With marks it notes where everything stands in text, which is what the decoder reads.
type jsonReader struct {
	decoder *json.Decoder
	text    string
	marks   *marks
}

// next returns the place of the next token.
func (r *jsonReader) next() mark {
	offset := int(r.decoder.InputOffset())
	for offset < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[offset]) >= 0 {
		offset++
	}
	return markOf(r.text, offset)
}

func (r *jsonReader) tree(pointer string, depth int) (any, error) {
	if depth > maxTreeDepth {
		return nil, errTooDeep
	}
	if r.marks != nil {
		r.marks.values[pointer] = r.next()
	}
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		return Number(token.String()), nil
	case json.Delim:
		if token == '[' {
			return r.items(pointer, depth)
		}
		return r.fields(pointer, depth)
	default:
		return token, nil
	}
}

func (r *jsonReader) items(pointer string, depth int) (any, error) {
	list := []any{}
	for r.decoder.More() {
		node, err := r.tree(pointer+"/"+strconv.Itoa(len(list)), depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, node)
	}
	_, err := r.decoder.Token()
	return list, err
}

func (r *jsonReader) fields(pointer string, depth int) (any, error) {
	object := map[string]any{}
	for r.decoder.More() {
		var at mark
		if r.marks != nil {
			at = r.next()
		}
		token, err := r.decoder.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		inner := pointer + problem.Token(key)
		if _, twice := object[key]; twice {
			if r.marks != nil {
				return nil, at.errorf("key %q twice", key)
			}
			return nil, fmt.Errorf("key %q twice", key)
		}
		if object[key], err = r.tree(inner, depth+1); err != nil {
			return nil, err
		}
		if r.marks != nil {
			r.marks.keys[inner] = at
		}
	}
	_, err := r.decoder.Token()
	return object, err
}

// spelled writes a number the one way that all its spellings have: 1e3 and 1000.0 are 1000.
func (n Number) spelled() Number {
	s := string(n)
	if strings.ContainsAny(s, "eE") {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return Number(strconv.FormatFloat(f, 'f', -1, 64))
		}
		return n
	}
	if whole, fraction, dotted := strings.Cut(s, "."); dotted && strings.Trim(fraction, "0") == "" {
		return Number(whole)
	}
	return n
}
