package doc

import (
	"bytes"
	"encoding/json"

	"github.com/millrace/millrace/domain/problem"
)

// Problem is what is wrong with a field, as topics say it.
type Problem struct {
	Pointer string `json:"pointer" doc:"JSON pointer into the definition"`
	Code    string `json:"code" doc:"Stable"`
	Detail  string `json:"detail" doc:"For people"`
}

// Problems returns a list as topics write it; it is never nil.
func Problems(list problem.List) []Problem {
	forms := make([]Problem, len(list))
	for i, p := range list {
		forms[i] = Problem{p.Pointer, p.Code, p.Detail}
	}
	return forms
}

// MustJSON marshals plain structs of strings, integers and lists, which cannot fail.
func MustJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
