package doc

import (
	"errors"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/millrace/millrace/domain/problem"
)

// maxNodes bounds what aliases can make of a file.
const maxNodes = 200_000

// readYAML reads every document of a file by YAML 1.2's core schema.
func (s *Source) readYAML(text string) error {
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		return syntaxError(err)
	}
	r := &yamlReader{marks: s.marks}
	s.Empty = true
	for _, doc := range file.Docs {
		r.anchors = map[string]ast.Node{} // they do not reach beyond their document
		switch body := doc.Body.(type) {
		case nil, *ast.NullNode:
		case *ast.DirectiveNode:
			if err := directive(body); err != nil {
				return err
			}
		case *ast.SequenceNode:
			s.Empty = false
			for _, item := range body.Values {
				if err := s.add(r, item); err != nil {
					return err
				}
			}
		default:
			if err := s.add(r, body); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Source) add(r *yamlReader, node ast.Node) error {
	s.Empty = false
	item, err := r.tree("/"+strconv.Itoa(len(s.Items)), node, 0)
	s.Items = append(s.Items, item)
	return err
}

// syntaxError puts the parser's error into one line.
func syntaxError(err error) error {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil {
		return placeOf(syntax.Token).errorf("%s", strings.TrimSpace(syntax.Message))
	}
	return err
}

func placeOf(t *token.Token) mark { return mark{t.Position.Line, t.Position.Column} }

func directive(d *ast.DirectiveNode) error {
	if d.Name != nil && d.Name.GetToken().Value == "YAML" && len(d.Values) == 1 &&
		d.Values[0].GetToken().Value == "1.2" {
		return nil
	}
	return placeOf(d.Start).errorf("files are read as YAML 1.2: leave the directive out")
}

// yamlReader brings what the parser yields into the form of a tree: nil, bool, string, number, []any and
// map[string]any.
type yamlReader struct {
	marks   *marks
	anchors map[string]ast.Node
	nodes   int
}

func (r *yamlReader) tree(pointer string, node ast.Node, depth int) (any, error) {
	at := placeOf(node.GetToken())
	r.marks.values[pointer] = at
	if r.nodes++; r.nodes > maxNodes {
		return nil, at.errorf("too many values: aliases may repeat what they stand for, up to 200,000 values")
	}
	if depth > maxTreeDepth {
		return nil, at.errorf("nested too deep")
	}
	switch n := node.(type) {
	case *ast.MappingNode:
		return r.mapping(pointer, n.Values, depth)
	case *ast.MappingValueNode:
		return r.mapping(pointer, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, item := range n.Values {
			inner, err := r.tree(pointer+"/"+strconv.Itoa(i), item, depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = inner
		}
		return list, nil
	case *ast.AnchorNode:
		tree, err := r.tree(pointer, n.Value, depth+1)
		r.anchors[n.Name.GetToken().Value] = n.Value
		return tree, err
	case *ast.AliasNode:
		target := r.anchors[n.Value.GetToken().Value]
		if target == nil {
			return nil, at.errorf("nothing is anchored by this name before")
		}
		return r.tree(pointer, target, depth+1)
	case *ast.TagNode:
		if n.GetToken().Value != "!!str" {
			return nil, at.errorf("the tag %s is not supported: leave it out", n.GetToken().Value)
		}
		return r.text(n.Value)
	case *ast.LiteralNode:
		return n.Value.Value, nil
	default:
		return r.scalar(pointer, at, node)
	}
}

// text returns the text of a scalar, whatever it looks like.
func (r *yamlReader) text(node ast.Node) (any, error) {
	switch n := node.(type) {
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.StringNode:
		return n.Value, nil
	case ast.ScalarNode:
		return n.GetToken().Value, nil
	default:
		return nil, placeOf(node.GetToken()).errorf("a value of this tag is a text")
	}
}

func (r *yamlReader) scalar(pointer string, at mark, node ast.Node) (any, error) {
	t := node.GetToken()
	switch n := node.(type) {
	case *ast.StringNode:
		if t.Type == token.DoubleQuoteType || t.Type == token.SingleQuoteType {
			return n.Value, nil
		}
		r.marks.plain[pointer] = true
		return scalar(n.Value), nil
	case *ast.NullNode:
		return nil, nil
	case ast.ScalarNode:
		r.marks.plain[pointer] = true
		return scalar(t.Value), nil
	default:
		return nil, at.errorf("a value of this kind has no place here")
	}
}

func (r *yamlReader) mapping(pointer string, values []*ast.MappingValueNode, depth int) (any, error) {
	object := make(map[string]any, len(values))
	for i, v := range values {
		at := placeOf(v.Key.GetToken())
		if i == 0 { // the parser puts an object where its first colon is
			r.marks.values[pointer] = at
		}
		var key string
		switch k := v.Key.(type) {
		case *ast.MergeKeyNode:
			return nil, at.errorf("merge keys are not part of YAML 1.2: write the fields out")
		case *ast.StringNode:
			key = k.Value
		case ast.ScalarNode:
			key = k.GetToken().Value
		default:
			return nil, at.errorf("a key must be a text")
		}
		if _, twice := object[key]; twice {
			return nil, at.errorf("key %q twice", key)
		}
		inner := pointer + problem.Token(key)
		tree, err := r.tree(inner, v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		object[key] = tree
		r.marks.keys[inner] = at
	}
	return object, nil
}
