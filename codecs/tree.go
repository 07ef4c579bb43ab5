package codecs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// number is a JSON or YAML number in plain decimal form.
type number string

const maxTreeDepth = 32

var errTrailing = errors.New("something follows the value")

// parseTree reads JSON or YAML into nil, bool, string, number, []any and map[string]any. Duplicate keys are errors. Text
// that begins like JSON but is none is read as YAML, whose flow style looks alike.
func parseTree(b []byte) (any, error) {
	trimmed := bytes.TrimSpace(b)
	if len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid(trimmed) {
		return parseJSONTree(trimmed)
	}
	var node any
	if err := yaml.UnmarshalWithOptions(b, &node); err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	return yamlTree(node, 0)
}

func parseJSONTree(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	node, err := jsonTree(d, 0)
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return node, nil
}

func jsonTree(d *json.Decoder, depth int) (any, error) {
	if depth > maxTreeDepth {
		return nil, errors.New("nested too deep")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		return plainNumber(token.String()), nil
	case json.Delim:
		if token == '[' {
			return jsonItems(d, depth)
		}
		return jsonFields(d, depth)
	default:
		return token, nil
	}
}

func jsonItems(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		node, err := jsonTree(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, node)
	}
	_, err := d.Token()
	return list, err
}

func jsonFields(d *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		if _, twice := object[key]; twice {
			return nil, fmt.Errorf("key %q twice", key)
		}
		if object[key], err = jsonTree(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return object, err
}

// yamlTree brings what the YAML decoder yields into the form of jsonTree.
func yamlTree(node any, depth int) (any, error) {
	if depth > maxTreeDepth {
		return nil, errors.New("nested too deep")
	}
	switch node := node.(type) {
	case nil, bool, string:
		return node, nil
	case int64:
		return number(strconv.FormatInt(node, 10)), nil
	case uint64:
		return number(strconv.FormatUint(node, 10)), nil
	case float64:
		return floatNumber(node), nil
	case []any:
		list := make([]any, len(node))
		for i := range node {
			inner, err := yamlTree(node[i], depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = inner
		}
		return list, nil
	case map[string]any:
		object := make(map[string]any, len(node))
		for key, value := range node {
			inner, err := yamlTree(value, depth+1)
			if err != nil {
				return nil, err
			}
			object[key] = inner
		}
		return object, nil
	default:
		return nil, fmt.Errorf("a value of type %T has no place here", node)
	}
}

// plainNumber writes a JSON number as YAML would give it: 1e3 and 1000.0 are 1000.
func plainNumber(s string) number {
	if strings.ContainsAny(s, "eE") {
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return floatNumber(f)
		}
		return number(s)
	}
	if whole, fraction, dotted := strings.Cut(s, "."); dotted && strings.Trim(fraction, "0") == "" {
		return number(whole)
	}
	return number(s)
}

func floatNumber(f float64) number {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "not a number"
	}
	return number(strconv.FormatFloat(f, 'f', -1, 64))
}
