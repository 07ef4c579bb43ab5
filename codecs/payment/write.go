package payment

import (
	"strconv"

	"github.com/millrace/millrace/domain/payment"
)

// jsonObject writes one JSON object member by member.
type jsonObject struct{ b []byte }

func newJSONObject(size int) *jsonObject { return &jsonObject{b: append(make([]byte, 0, size), '{')} }

func (w *jsonObject) key(name string) {
	if len(w.b) > 1 {
		w.b = append(w.b, ',')
	}
	w.b = append(appendQuoted(w.b, name), ':')
}

// text writes s unless it is empty.
func (w *jsonObject) text(name, s string) {
	if s != "" {
		w.key(name)
		w.b = appendQuoted(w.b, s)
	}
}

// number writes n unless it is zero.
func (w *jsonObject) number(name string, n int64) {
	if n != 0 {
		w.key(name)
		w.b = strconv.AppendInt(w.b, n, 10)
	}
}

// value writes v unless it is absent.
func (w *jsonObject) value(name string, v payment.Value) {
	if v.Kind != payment.Absent {
		w.key(name)
		w.b = appendValue(w.b, v)
	}
}

func (w *jsonObject) members(name string, list []payment.Member) {
	w.key(name)
	inner := newJSONObject(32 * len(list))
	for _, m := range list {
		inner.value(m.Key, m.Value)
	}
	w.b = append(w.b, inner.end()...)
}

// extra writes the members of a compact JSON object.
func (w *jsonObject) extra(object []byte) {
	if len(object) > 2 {
		if len(w.b) > 1 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, object[1:len(object)-1]...)
	}
}

func (w *jsonObject) end() []byte { return append(w.b, '}') }

func appendValue(b []byte, v payment.Value) []byte {
	switch v.Kind {
	case payment.Null:
		return append(b, "null"...)
	case payment.String:
		return appendQuoted(b, v.Text)
	default:
		return append(b, v.Text...)
	}
}

// appendQuoted appends s as a JSON string. Nothing is escaped that need not be.
func appendQuoted(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		if c < ' ' {
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		} else {
			b = append(b, '\\', c)
		}
	}
	return append(append(b, s[from:]...), '"')
}
