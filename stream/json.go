package stream

import "encoding/json"

// JSON is a Codec by encoding/json, for values and rows of your own processors. Decode ignores fields that T does not
// have, and its errors make dead letters of reason malformed. T must come back from JSON equal to what was encoded, see
// Codec.
type JSON[T any] struct{}

// Encode implements Codec.
func (JSON[T]) Encode(v T) ([]byte, error) { return json.Marshal(v) }

// Decode implements Codec.
func (JSON[T]) Decode(b []byte) (v T, err error) {
	err = json.Unmarshal(b, &v)
	return v, err
}
