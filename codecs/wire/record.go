package wire

import "fmt"

// Encode returns the body of v, which its description writes to f.
func Encode[T any](f Fields, v *T, fields func(*Fields, *T)) ([]byte, error) {
	fields(&f, v)
	return f.Body(), nil
}

// Decode returns what a description reads from f. What names it in errors.
func Decode[T any](f Fields, what string, fields func(*Fields, *T)) (*T, error) {
	v := new(T)
	for f.Next() {
		fields(&f, v)
	}
	return Decoded(v, what, &f)
}

// Decoded returns v, or why it could not be read.
func Decoded[T any](v *T, what string, f *Fields) (*T, error) {
	if err := f.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return v, nil
}
