package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/problem"
)

// Difference is one place at which two JSON documents differ.
type Difference struct {
	Pointer string // RFC 6901; empty: the document as a whole
	Before  string // JSON; empty: there was nothing
	After   string // JSON; empty: there is nothing
}

// Differences returns where two documents differ, by pointer; nil stands for no document. Objects are compared field by
// field, everything else as a whole.
func Differences(before, after []byte) []Difference {
	return compare(nil, "", parsed(before), parsed(after))
}

// absent is the place of nothing in a tree; null is something.
type absent struct{}

func parsed(document []byte) any {
	if document == nil {
		return absent{}
	}
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return absent{}
	}
	return v
}

func compare(found []Difference, pointer string, before, after any) []Difference {
	if reflect.DeepEqual(before, after) {
		return found
	}
	old, wasObject := before.(map[string]any)
	fresh, isObject := after.(map[string]any)
	if !wasObject || !isObject {
		return append(found, Difference{Pointer: pointer, Before: text(before), After: text(after)})
	}
	names := maps.Clone(old)
	maps.Copy(names, fresh)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		found = compare(found, pointer+problem.Token(name), field(old, name),
			field(fresh, name))
	}
	return found
}

func field(object map[string]any, name string) any {
	if v, ok := object[name]; ok {
		return v
	}
	return absent{}
}

// text returns a part of a document as JSON, with its fields in order.
func text(v any) string {
	if v == (absent{}) {
		return ""
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return strings.TrimRight(b.String(), "\n")
}

// maxBytes bounds the values of one line's differences together. Beyond it the long ones are digests.
const maxBytes = 256 << 10

// longValue is how long a value may be, in bytes, in a line that has more than maxBytes.
const longValue = 1 << 10

// Bounded returns differences that fit into a line. What is too long is a digest: an object with its bytes and sha256.
func Bounded(found []Difference) []Difference {
	size := 0
	for _, d := range found {
		size += len(d.Before) + len(d.After)
	}
	if size <= maxBytes {
		return found
	}
	out := slices.Clone(found)
	for i := range out {
		out[i].Before, out[i].After = digested(out[i].Before), digested(out[i].After)
	}
	return out
}

func digested(value string) string {
	if len(value) <= longValue {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	return `{"bytes":` + strconv.Itoa(len(value)) + `,"sha256":"` + hex.EncodeToString(sum[:]) + `"}`
}

// Text returns text of at most n bytes that is valid UTF-8.
func Text(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "\uFFFD") }
