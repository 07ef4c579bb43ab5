package audit

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"
)

// unreadable is the book of records that no codec can read. In a compacted topic a later record of the key takes the
// place of one.
type unreadable struct {
	tables map[string]bool // compacted topics
	found  map[entry]difference
}

type entry struct {
	topic, key string
	partition  int32
	offset     int64 // of a record that nothing takes the place of; else 0
}

func newUnreadable(tables map[string]bool) *unreadable {
	return &unreadable{tables, map[entry]difference{}}
}

// observe records whether a record could be read.
func (b *unreadable) observe(r *kgo.Record, err error) {
	at := entry{topic: r.Topic, key: string(r.Key), partition: r.Partition}
	if !b.tables[r.Topic] {
		at.offset = r.Offset
	}
	if err == nil {
		delete(b.found, at)
		return
	}
	text := fmt.Sprintf("%s%s: cannot be read: %.300s", placeOf(r), keyOf(r.Key), err)
	b.found[at] = difference{check: checkRecords, key: placeOf(r), sure: true, place: placeOf(r), state: placeOf(r),
		text: text}
}

// keyOf names a key that people can read.
func keyOf(key []byte) string {
	if len(key) == 0 || len(key) > 200 || !utf8.Valid(key) {
		return ""
	}
	for _, r := range string(key) {
		if !strconv.IsPrint(r) {
			return ""
		}
	}
	return fmt.Sprintf(", key %q", key)
}

func (b *unreadable) open() []difference {
	var out []difference
	for _, d := range b.found {
		out = append(out, d)
	}
	return out
}
