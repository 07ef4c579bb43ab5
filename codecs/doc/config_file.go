package doc

import (
	"maps"
	"slices"
	"strconv"

	"github.com/millrace/millrace/domain/problem"
)

// ConfigText returns a configuration file as the one document of UTF-8 that a decoder of structs is to read: without
// byte order mark, from UTF-16 too. What such a decoder would read as something else than YAML 1.2 does is refused, and
// so are merge keys and a second document.
func ConfigText(b []byte) ([]byte, error) {
	text, err := DecodeText(b)
	if err != nil {
		return nil, err
	}
	s := &Source{marks: newMarks()}
	if err := s.readYAML(text); err != nil {
		return nil, err
	}
	if len(s.Items) > 1 {
		return nil, s.marks.values["/1"].errorf("a second document: a configuration is one")
	}
	for _, item := range s.Items {
		if err := s.plainNumbers("/0", item); err != nil {
			return nil, err
		}
	}
	return []byte(text), nil
}

// plainNumbers refuses whole numbers that are not written plainly.
func (s *Source) plainNumbers(pointer string, node any) error {
	switch node := node.(type) {
	case Number:
		if !node.plain() && !decimalPattern.MatchString(string(node)) {
			return s.marks.values[pointer].errorf("needs a number without leading zeros, plus sign, underscores and prefixes, or quotes for a text")
		}
	case string:
		if oldNumber.MatchString(node) && s.marks.plain[pointer] {
			return s.marks.values[pointer].errorf("needs a number without leading zeros, plus sign, underscores and prefixes, or quotes for a text")
		}
	case []any:
		for i := range node {
			if err := s.plainNumbers(pointer+"/"+strconv.Itoa(i), node[i]); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			if err := s.plainNumbers(pointer+problem.Token(key), node[key]); err != nil {
				return err
			}
		}
	}
	return nil
}
