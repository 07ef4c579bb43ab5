package codecs

import (
	"bytes"
	"encoding/json"
)

type problemDoc struct {
	Pointer string `json:"pointer" doc:"JSON pointer into the definition"`
	Code    string `json:"code" doc:"Stable"`
	Detail  string `json:"detail" doc:"For people"`
}

// mustJSON marshals plain structs of strings, integers and lists, which cannot fail.
func mustJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
