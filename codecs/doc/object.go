package doc

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
)

// Reader turns a tree into definitions and gathers what does not fit their shape.
type Reader struct{ Problems problem.List }

// Add notes a problem at a place.
func (r *Reader) Add(pointer, code, detail string) {
	r.Problems = append(r.Problems, problem.Problem{Pointer: pointer, Code: code, Detail: detail})
}

// Object is one object under the cursor of a Reader. Getters leave their target alone where the key is missing.
type Object struct {
	Reader  *Reader
	pointer string
	Values  map[string]any
}

// Formed opens node, whose keys must be fields of a form, or among those that change nothing.
func (r *Reader) Formed(pointer string, node any, form Form, besides ...string) Object {
	return r.Object(pointer, node, append(FieldNames(form), besides...)...)
}

// Object opens node, whose keys must be among known.
func (r *Reader) Object(pointer string, node any, known ...string) Object {
	f := Object{Reader: r, pointer: pointer}
	if node == nil {
		return f
	}
	values, ok := node.(map[string]any)
	if !ok {
		r.Add(pointer, problem.WrongType, "needs an object")
		return f
	}
	f.Values = values
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, key) {
			r.Add(f.At(key), problem.UnknownField, "is not a known field"+problem.Hint(key, known))
		}
	}
	return f
}

// At returns the pointer of a field.
func (f Object) At(key string) string {
	return f.pointer + problem.Token(key)
}

// Text reads a text, as names and values are compared.
func (f Object) Text(key string, to *string) {
	switch v := f.Values[key].(type) {
	case nil:
	case string:
		*to = Text(v)
	case Number, bool:
		f.Reader.Add(f.At(key), problem.WrongType, "needs a text: put it in quotes")
	default:
		f.Reader.Add(f.At(key), problem.WrongType, "needs a text")
	}
}

// Integer reads a whole number.
func (f Object) Integer(key string, to *int64) { f.whole(key, "", "", to) }

// Amount reads an amount of a currency in minor units; unit says what it counts otherwise, empty: nothing in
// particular.
func (f Object) Amount(key, unit, currency string, to *int64) { f.whole(key, unit, currency, to) }

// whole reads a whole number that is written plainly. What another reader might take for another number, or a person
// for another amount, is refused: 500.00 is no 500 minor units, and 0500 no octal number.
func (f Object) whole(key, unit, currency string, to *int64) {
	node := f.Values[key]
	if node == nil {
		return
	}
	n, ok := node.(Number)
	if ok && n.plain() {
		v, err := strconv.ParseInt(string(n), 10, 64)
		if err != nil {
			f.Reader.Add(f.At(key), problem.InvalidField, money.MaxDetail)
			return
		}
		*to = v
		return
	}
	f.Reader.Add(f.At(key), problem.WrongType, payment.WholeNumber(string(n), unit, currency))
}

// Duration reads a Go duration, in whole milliseconds.
func (f Object) Duration(key string, to *time.Duration) {
	node := f.Values[key]
	if node == nil {
		return
	}
	if s, ok := node.(string); ok {
		if v, err := time.ParseDuration(s); err == nil {
			*to = v.Truncate(time.Millisecond)
			return
		}
	}
	f.Reader.Add(f.At(key), problem.WrongType, "needs a duration such as 90s or 168h")
}

// List returns the elements of a list.
func (f Object) List(key string) []any {
	switch v := f.Values[key].(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		f.Reader.Add(f.At(key), problem.WrongType, "needs a list")
		return nil
	}
}

// Inner opens the object of a field, which has a form.
func (f Object) Inner(key string, form Form) Object {
	return f.Reader.Formed(f.At(key), f.Values[key], form)
}

// Moment reads a time.
func (f Object) Moment(key string, to *instant.Milli) {
	node := f.Values[key]
	if node == nil {
		return
	}
	s, ok := node.(string)
	if n, is := node.(Number); is {
		s, ok = string(n), true
	}
	at, err := instant.Parse(s)
	switch {
	case ok && err == nil:
		*to = at
	case ok && s != "":
		f.Reader.Add(f.At(key), problem.WrongType, "needs a time, this is "+err.Error())
	default:
		f.Reader.Add(f.At(key), problem.WrongType, "needs a time such as 2026-03-01T10:00:00Z")
	}
}

// Decimal reads a number.
func (f Object) Decimal(key string, to *float64) {
	node := f.Values[key]
	if node == nil {
		return
	}
	if n, ok := node.(Number); ok {
		if v, err := strconv.ParseFloat(string(n), 64); err == nil {
			*to = v
			return
		}
	}
	f.Reader.Add(f.At(key), problem.WrongType, "needs a number")
}

// Boolean reads true or false.
func (f Object) Boolean(key string, to *bool) {
	switch v := f.Values[key].(type) {
	case nil:
	case bool:
		*to = v
	default:
		f.Reader.Add(f.At(key), problem.WrongType, "needs true or false")
	}
}

// Texts reads a list of texts.
func (f Object) Texts(key string, to *[]string) {
	for i, node := range f.List(key) {
		text, ok := node.(string)
		if !ok {
			f.Reader.Add(f.At(key)+"/"+strconv.Itoa(i), problem.WrongType, "needs a text")
		}
		*to = append(*to, Text(text))
	}
}
