package tidy

import (
	"go/ast"
	"slices"
	"strings"
)

// docComments wants one on every exported identifier at the top of a file. Methods that a well-known interface names
// are documented there.
func docComments(s source) []string {
	if strings.HasSuffix(s.path, "_test.go") || s.generated {
		return nil
	}
	var out []string
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && !wellKnown(d) {
				out = append(out, s.at(d.Pos(), "no doc comment on "+d.Name.Name))
			}
		case *ast.GenDecl:
			for _, name := range undocumented(d) {
				out = append(out, s.at(name.Pos(), "no doc comment on "+name.Name))
			}
		}
	}
	return out
}

func undocumented(d *ast.GenDecl) []*ast.Ident {
	var out []*ast.Ident
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				out = append(out, spec.Name)
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

func wellKnown(d *ast.FuncDecl) bool {
	return d.Recv != nil && slices.Contains([]string{
		"String", "Error", "Unwrap", "MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "Len", "Less", "Swap", "ServeHTTP", "Write", "Read", "Close",
	}, d.Name.Name)
}

// exportedReceiver tells whether d is a function, or a method of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

// packageComments wants one file of each package to say what the package is for.
func packageComments(all []source) []string {
	has, first := map[string]bool{}, map[string]string{}
	var dirs []string
	for _, s := range all {
		dir := s.dir()
		if strings.HasSuffix(s.path, "_test.go") && dir != "tidy" {
			continue
		}
		if first[dir] == "" {
			first[dir] = s.path
			dirs = append(dirs, dir)
		}
		has[dir] = has[dir] || s.file.Doc != nil
	}
	var out []string
	for _, dir := range dirs {
		if !has[dir] {
			out = append(out, first[dir]+": package without a package comment")
		}
	}
	return out
}
