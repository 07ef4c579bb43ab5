package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
)

// encode returns the body of v, which its description writes to f.
func encode[T any](f wire.Fields, v *T, fields func(*wire.Fields, *T)) ([]byte, error) {
	fields(&f, v)
	return f.Body(), nil
}

// decode returns what a description reads from f. What names it in errors.
func decode[T any](f wire.Fields, what string, fields func(*wire.Fields, *T)) (*T, error) {
	v := new(T)
	for f.Next() {
		fields(&f, v)
	}
	return decoded(v, what, &f)
}

// decoded returns v, or why it could not be read.
func decoded[T any](v *T, what string, f *wire.Fields) (*T, error) {
	if err := f.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return v, nil
}
