package tidy

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Sizes far beyond the house style (70 lines a function, 400 a file), where a test breaks the build.
const (
	fileLines     = 400
	proseColumns  = 120
	testFileLines = 600
	funcLines     = 80
	testFuncLines = 120
)

type rule struct {
	name  string
	check func(source) []string
}

var fileRules = []rule{
	{"import arrows", importArrows},
	{"clock", clock},
	{"sleeping tests", sleepingTests},
	{"sizes", sizes},
	{"prose lines", proseLines},
	{"code lines", codeLines},
	{"package variables", packageVars},
	{"names", names},
	{"doc comments", docComments},
	{"returned values", returnedValues},
}

func itoa(n int) string { return strconv.Itoa(n) }

// clock forbids the wall clock where results must follow from the log alone.
func clock(s source) []string {
	if s.test() || !slices.Contains([]string{"domain", "processors", "stream", "codecs", "topology"}, s.layer()) {
		return nil
	}
	return usesOf(s, "time", "Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep")
}

// sleepingTests forbids time.Sleep in tests: they wait on signals.
func sleepingTests(s source) []string {
	if !s.test() {
		return nil
	}
	return usesOf(s, "time", "Sleep")
}

// usesOf finds pkg.name for each name, under whatever name pkg is imported.
func usesOf(s source, pkg string, members ...string) []string {
	local := localName(s, pkg)
	if local == "" {
		return nil
	}
	if local == "." {
		return []string{s.path + ": dot import of " + pkg}
	}
	var out []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == local && slices.Contains(members, sel.Sel.Name) {
			out = append(out, s.at(sel.Pos(), "use of "+pkg+"."+sel.Sel.Name))
		}
		return true
	})
	return out
}

func localName(s source, pkg string) string {
	for _, imp := range s.file.Imports {
		if p, _ := strconv.Unquote(imp.Path.Value); p == pkg {
			if imp.Name != nil {
				return imp.Name.Name
			}
			return path.Base(pkg)
		}
	}
	return ""
}

func sizes(s source) []string {
	if s.generated {
		return nil
	}
	maxFile, maxFunc := fileLines, funcLines
	if s.test() {
		maxFile, maxFunc = testFileLines, testFuncLines
	}
	var out []string
	if s.lines > maxFile {
		out = append(out, s.path+": "+itoa(s.lines)+" lines, at most "+itoa(maxFile))
	}
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; n > maxFunc {
			out = append(out, s.at(f.Pos(), f.Name.Name+" has "+itoa(n)+" lines, at most "+itoa(maxFunc)))
		}
	}
	return out
}

// proseLines bounds lines that are comments alone. What is preformatted may be wider.
func proseLines(s source) []string {
	if s.generated {
		return nil
	}
	var out []string
	for i, line := range strings.Split(s.text, "\n") {
		text := strings.TrimLeft(line, "\t")
		if strings.HasPrefix(text, "// ") && !strings.HasPrefix(text, "//   ") && strings.Contains(text[3:], " ") {
			out = append(out, tooWide(s, i, line)...)
		}
	}
	return out
}

// unbreakable are lines of code that no line break makes shorter: with a tag of a field, or with a long text.
var unbreakable = regexp.MustCompile("`[a-z][A-Za-z]*:\"|\"[^\"]{40,}\"|`[^`]{40,}|//(nolint|go:)")

// codeLines bounds lines of code that is no test.
func codeLines(s source) []string {
	if s.generated || s.test() || strings.HasPrefix(s.path, "bench/") {
		return nil
	}
	var out []string
	raw := false // within a text of several lines
	for i, line := range strings.Split(s.text, "\n") {
		text, within := strings.TrimLeft(line, "\t"), raw
		raw = raw != (strings.Count(line, "`")%2 == 1)
		if !within && !strings.HasPrefix(text, "//") && !unbreakable.MatchString(text) {
			out = append(out, tooWide(s, i, line)...)
		}
	}
	return out
}

// tooWide reports a line that is wider than lines may be, with a tab as 4 columns.
func tooWide(s source, i int, line string) []string {
	width := utf8.RuneCountInString(line) + 3*(len(line)-len(strings.TrimLeft(line, "\t")))
	if width <= proseColumns {
		return nil
	}
	return []string{s.path + ":" + itoa(i+1) + ": " + itoa(width) + " columns, at most " + itoa(proseColumns)}
}

// packageVars forbids state that a package shares with all its users, and init functions, which cannot be left out.
func packageVars(s source) []string {
	layers := []string{"domain", "codecs", "stream", "topology", "processors", "views", "engine"}
	if s.test() || s.generated || !slices.Contains(layers, s.layer()) {
		return nil
	}
	var out []string
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			out = append(out, s.at(f.Pos(), "init function"))
		}
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if ok && !embedded(g, v) {
				out = append(out, sharedVars(s, v)...)
			}
		}
	}
	return out
}

func sharedVars(s source, v *ast.ValueSpec) []string {
	var out []string
	for i, name := range v.Names {
		constant := name.Name == "_" // a compile-time assertion
		if i < len(v.Values) {
			constant = constant || madeBy(v.Values[i], "errors.New", "fmt.Errorf", "regexp.MustCompile") || !name.IsExported() && isKindTable(v.Values[i])
		}
		if !constant {
			out = append(out, s.at(name.Pos(), "package variable "+name.Name))
		}
	}
	return out
}

// isKindTable tells whether a value is a list of structs: all that there is to know of each kind of something.
func isKindTable(e ast.Expr) bool {
	list, ok := e.(*ast.CompositeLit)
	if !ok || len(list.Elts) == 0 {
		return false
	}
	array, ok := list.Type.(*ast.ArrayType)
	if !ok {
		return false
	}
	_, ok = array.Elt.(*ast.Ident)
	return ok && !slices.ContainsFunc(list.Elts, func(e ast.Expr) bool {
		if at, ok := e.(*ast.KeyValueExpr); ok { // at its number
			e = at.Value
		}
		switch e.(type) {
		case *ast.CompositeLit, *ast.CallExpr:
			return false
		default:
			return true
		}
	})
}

func embedded(g *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{g.Doc, v.Doc} {
		if doc == nil {
			continue
		}
		for _, c := range doc.List {
			if strings.HasPrefix(c.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

func madeBy(e ast.Expr, funcs ...string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && slices.Contains(funcs, id.Name+"."+sel.Sel.Name)
}

var (
	emptyPackageName = regexp.MustCompile(`^(utils?|common|helpers?|managers?|misc|shared|base|impl)$`)
	emptyTypeName    = regexp.MustCompile(`(?i:utils?|helper|manager)$|Impl$|V[2-9]$`)
)

// names forbids package and type names that say nothing about the field.
func names(s source) []string {
	var out []string
	for _, part := range append(strings.Split(s.dir(), "/"), s.file.Name.Name) {
		if emptyPackageName.MatchString(part) {
			out = append(out, s.path+": package name "+part)
		}
	}
	for _, d := range s.file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		for _, spec := range g.Specs {
			t, ok := spec.(*ast.TypeSpec)
			if ok && emptyTypeName.MatchString(t.Name.Name) && !strings.EqualFold(t.Name.Name, "topicManager") { // goka's word
				out = append(out, s.at(t.Pos(), "type name "+t.Name.Name))
			}
		}
	}
	return out
}
