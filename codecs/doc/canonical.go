package doc

import (
	"encoding/json"
	"fmt"
)

// Canonical returns one form for all spellings of a JSON document: fields in the order of their names, no white space,
// texts and whole numbers spelled one way. It is for comparing documents, not for storing them.
func Canonical(b []byte) ([]byte, error) {
	tree, err := ParseJSON(b)
	if err != nil {
		return nil, err
	}
	out, err := json.Marshal(exact(tree))
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return out, nil
}

// exact keeps numbers apart from texts that look like them.
func exact(node any) any {
	switch node := node.(type) {
	case Number:
		return json.Number(node.spelled())
	case []any:
		for i := range node {
			node[i] = exact(node[i])
		}
	case map[string]any:
		for name := range node {
			node[name] = exact(node[name])
		}
	}
	return node
}
