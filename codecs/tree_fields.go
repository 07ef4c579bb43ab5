package codecs

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/problem"
)

// treeReader turns a tree into definitions and gathers what does not fit their shape.
type treeReader struct{ problems problem.List }

func (r *treeReader) add(pointer, code, detail string) {
	r.problems = append(r.problems, problem.Problem{Pointer: pointer, Code: code, Detail: detail})
}

// fields is one object under the cursor of a treeReader. Getters leave their target alone where the key is missing.
type fields struct {
	r       *treeReader
	pointer string
	values  map[string]any
}

// formed opens node, whose keys must be fields of a form, or among those that change nothing.
func (r *treeReader) formed(pointer string, node any, form Form, besides ...string) fields {
	return r.object(pointer, node, append(FieldNames(form), besides...)...)
}

// object opens node, whose keys must be among known.
func (r *treeReader) object(pointer string, node any, known ...string) fields {
	f := fields{r: r, pointer: pointer}
	if node == nil {
		return f
	}
	values, ok := node.(map[string]any)
	if !ok {
		r.add(pointer, problem.WrongType, "needs an object")
		return f
	}
	f.values = values
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, key) {
			r.add(f.at(key), problem.UnknownField, "is not a known field"+problem.Hint(key, known))
		}
	}
	return f
}

func (f fields) at(key string) string {
	return f.pointer + pointerOf(key)
}

func (f fields) text(key string, to *string) {
	switch v := f.values[key].(type) {
	case nil:
	case string:
		*to = Text(v)
	case number, bool:
		f.r.add(f.at(key), problem.WrongType, "needs a text: put it in quotes")
	default:
		f.r.add(f.at(key), problem.WrongType, "needs a text")
	}
}

func (f fields) integer(key string, to *int64) { f.whole(key, "", "", to) }

// amount reads an amount of a currency in minor units; unit says what it counts otherwise, empty: nothing in
// particular.
func (f fields) amount(key, unit, currency string, to *int64) { f.whole(key, unit, currency, to) }

// whole reads a whole number that is written plainly. What another reader might take for another number, or a person
// for another amount, is refused: 500.00 is no 500 minor units, and 0500 no octal number.
func (f fields) whole(key, unit, currency string, to *int64) {
	node := f.values[key]
	if node == nil {
		return
	}
	n, ok := node.(number)
	if ok && n.plain() {
		v, err := strconv.ParseInt(string(n), 10, 64)
		if err != nil {
			f.r.add(f.at(key), problem.InvalidField, money.MaxDetail)
			return
		}
		*to = v
		return
	}
	f.r.add(f.at(key), problem.WrongType, mission.WholeNumber(string(n), unit, currency))
}

func (f fields) duration(key string, to *time.Duration) {
	node := f.values[key]
	if node == nil {
		return
	}
	if s, ok := node.(string); ok {
		if v, err := time.ParseDuration(s); err == nil {
			*to = v.Truncate(time.Millisecond)
			return
		}
	}
	f.r.add(f.at(key), problem.WrongType, "needs a duration such as 90s or 168h")
}

func (f fields) list(key string) []any {
	switch v := f.values[key].(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		f.r.add(f.at(key), problem.WrongType, "needs a list")
		return nil
	}
}

// inner opens the object of a field, which has a form.
func (f fields) inner(key string, form Form) fields {
	return f.r.formed(f.at(key), f.values[key], form)
}

// moment reads a time.
func (f fields) moment(key string, to *instant.Milli) {
	node := f.values[key]
	if node == nil {
		return
	}
	s, ok := node.(string)
	if n, is := node.(number); is {
		s, ok = string(n), true
	}
	at, err := instant.Parse(s)
	switch {
	case ok && err == nil:
		*to = at
	case ok && s != "":
		f.r.add(f.at(key), problem.WrongType, "needs a time, this is "+err.Error())
	default:
		f.r.add(f.at(key), problem.WrongType, "needs a time such as 2026-03-01T10:00:00Z")
	}
}

// decimal reads a number.
func (f fields) decimal(key string, to *float64) {
	node := f.values[key]
	if node == nil {
		return
	}
	if n, ok := node.(number); ok {
		if v, err := strconv.ParseFloat(string(n), 64); err == nil {
			*to = v
			return
		}
	}
	f.r.add(f.at(key), problem.WrongType, "needs a number")
}

func (f fields) boolean(key string, to *bool) {
	switch v := f.values[key].(type) {
	case nil:
	case bool:
		*to = v
	default:
		f.r.add(f.at(key), problem.WrongType, "needs true or false")
	}
}

func (f fields) texts(key string, to *[]string) {
	for i, node := range f.list(key) {
		text, ok := node.(string)
		if !ok {
			f.r.add(f.at(key)+"/"+strconv.Itoa(i), problem.WrongType, "needs a text")
		}
		*to = append(*to, Text(text))
	}
}
