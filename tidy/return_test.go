package tidy

import "go/ast"

// returnedValues forbids `return v, f(&v)`: the language leaves open whether v is read before f has written it.
func returnedValues(s source) []string {
	var out []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		ret, ok := n.(*ast.ReturnStmt)
		if !ok {
			return true
		}
		for _, result := range ret.Results {
			id, ok := result.(*ast.Ident)
			if !ok {
				continue
			}
			for _, other := range ret.Results {
				if call, ok := other.(*ast.CallExpr); ok && takesAddress(call, id.Name) {
					out = append(out, s.at(ret.Pos(), "returns "+id.Name+" beside a call that may write it"))
				}
			}
		}
		return true
	})
	return out
}

func takesAddress(call *ast.CallExpr, name string) bool {
	found := false
	ast.Inspect(call, func(n ast.Node) bool {
		if x, ok := n.(*ast.UnaryExpr); ok && x.Op.String() == "&" {
			id, ok := x.X.(*ast.Ident)
			found = found || ok && id.Name == name
		}
		if x, ok := n.(*ast.AssignStmt); ok && x.Tok.String() != ":=" {
			for _, to := range x.Lhs {
				id, ok := to.(*ast.Ident)
				found = found || ok && id.Name == name
			}
		}
		return !found
	})
	return found
}
