package payment

import (
	"strings"
	"unicode/utf16"

	"github.com/millrace/millrace/domain/payment"
)

// value returns the member's value in the form that payment.Input has.
func (m rawMember) value() payment.Value {
	switch m.kind {
	case payment.String:
		return payment.Value{Kind: m.kind, Text: unquote(m.raw)}
	case payment.Object, payment.Array:
		return payment.Value{Kind: m.kind, Text: compact(m.raw)}
	case payment.Null:
		return payment.Value{Kind: m.kind}
	default:
		return payment.Value{Kind: m.kind, Text: m.raw}
	}
}

// members returns the members of an object.
func (m rawMember) members() []payment.Member {
	list := make([]payment.Member, 0, 4)
	_ = scanDocument(m.raw, func(inner rawMember) { // the document it is part of was scanned without a problem
		list = append(list, payment.Member{Key: inner.key, Value: inner.value()})
	})
	return list
}

// appendTo appends the member to an object without its last brace, nil for a new one.
func (m rawMember) appendTo(object []byte) []byte {
	if object == nil {
		object = append(object, '{')
	} else {
		object = append(object, ',')
	}
	object = append(append(object, m.rawKey...), ':')
	return append(object, compact(m.raw)...)
}

// unquote returns the contents of a scanned string.
func unquote(raw string) string {
	raw = raw[1 : len(raw)-1]
	i := strings.IndexByte(raw, '\\')
	if i < 0 {
		return raw
	}
	var b strings.Builder
	b.Grow(len(raw))
	for ; i >= 0; i = strings.IndexByte(raw, '\\') {
		b.WriteString(raw[:i])
		raw = raw[i:]
		size := escapeSize(raw)
		switch raw[1] {
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			r := hex4(raw[2:])
			if size == 12 {
				r = utf16.DecodeRune(r, hex4(raw[8:]))
			}
			b.WriteRune(r)
		default:
			b.WriteByte(raw[1])
		}
		raw = raw[size:]
	}
	b.WriteString(raw)
	return b.String()
}

// compact returns scanned JSON without the space between its tokens.
func compact(raw string) string {
	if !strings.ContainsAny(raw, " \t\n\r") {
		return raw
	}
	var b strings.Builder
	b.Grow(len(raw))
	quoted := false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			b.WriteByte(c)
			i++
			c = raw[i]
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
