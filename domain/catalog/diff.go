package catalog

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Difference is one place at which two JSON documents differ.
type Difference struct {
	Pointer string // RFC 6901; empty: the document as a whole
	Before  string // JSON; empty: there was nothing
	After   string // JSON; empty: there is nothing
}

// Differences returns where two documents differ, by pointer; nil stands for no document. Objects are compared field by field,
// everything else as a whole.
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
		found = compare(found, pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), field(old, name), field(fresh, name))
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
