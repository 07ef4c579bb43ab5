package tidy

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// unchecked are folders whose exported names are not checked: bench is a module of its own, and tasks have no processor
// yet.
var unchecked = regexp.MustCompile(`^(domain/task|bench)(/|$)`)

// forms are the folders with types of which schemas and the reading of requests are made. Their names are names of
// schemas, so they stay exported, whoever uses them.
var forms = regexp.MustCompile(`^(codecs|views)(/|$)`)

// The promise to users' own processors: of these folders, what one of these pages mentions stays exported, whoever uses
// it here, and so does every error.
var promised = regexp.MustCompile(`^(engine(/(position|store|sum|watermark))?|stream|worker(/(payout(/simulator)?|webhook))?|domain/window)$`)

func publicPages() []string {
	return []string{"engine/README.md", "stream/README.md", "worker/README.md", "docs/your-own-processor.md"}
}

// kept are exported names that nobody uses by name, each for a reason.
func kept() map[string]string {
	return map[string]string{
		"stream.Observer":  "a transport implements it",
		"stream.DueTimers": "a transport implements it",
	}
}

// implemented are methods that libraries call by interfaces of their own.
var implemented = regexp.MustCompile(`^(String|GoString|Error|Unwrap|Is|As|Len|Less|Swap|Push|Pop|(Un)?[Mm]arshal[A-Z]\w*|` +
	`IsZero|ServeHTTP|Describe|Collect|Set|Type|Read|Write|Close|Accept|Schema|TransformSchema|GetStatus|Resolve|OnBroker\w*|OnGroup\w*)$`)

// export is an exported name of a package.
type export struct {
	source
	pos    token.Pos
	name   string // T.M for a method
	group  string // of constants: the type or the block that they share
	method bool
	isType bool
	isForm bool // a struct whose fields have tags, or are those of another form
}

// unusedExports returns the exported names that no other package uses. Tests of the same folder are no other package. A
// constant stays if one of its type or block is used, a type if an exported declaration needs it to be named.
// Names are matched as they are written, without types: a method counts as used if anybody selects its name.
func unusedExports(all []source, public string) []string {
	used, selected := uses(all)
	needed := map[string]bool{} // types in exported declarations, by folder and name
	groups := map[string]bool{} // of constants, of which one is used
	var exports []export
	for _, s := range all {
		if s.test() || s.file.Name.Name == "main" || unchecked.MatchString(s.dir()) {
			continue
		}
		for _, e := range exportsOf(s, needed) {
			groups[e.group] = groups[e.group] || e.group != "" && used[s.dir()+"."+e.name]
			exports = append(exports, e)
		}
	}
	var out []string
	for _, e := range exports {
		dir := e.dir()
		last := e.name[strings.LastIndex(e.name, ".")+1:]
		switch {
		case used[dir+"."+e.name], groups[e.group], e.isType && needed[dir+"."+e.name]:
		case e.method && (implemented.MatchString(last) || selected.elsewhere(last, dir)):
		case forms.MatchString(dir) && e.isForm:
		case kept()[dir+"."+e.name] != "":
		case promised.MatchString(dir) && (strings.HasPrefix(e.name, "Err") || mentions(public, last)):
		default:
			out = append(out, e.at(e.pos, e.name+" is exported, and no other package uses it"))
		}
	}
	return out
}

// mentions reports whether a page has a name as a word.
func mentions(page, name string) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(page)
}

// folders are the folders in which something occurs, by name.
type folders map[string]map[string]bool

func (f folders) add(name, dir string) {
	if f[name] == nil {
		f[name] = map[string]bool{}
	}
	f[name][dir] = true
}

func (f folders) elsewhere(name, dir string) bool {
	n := len(f[name])
	return n > 1 || n == 1 && !f[name][dir]
}

// uses returns which names of packages other packages use, by folder and name, and in which folders a name is selected
// from a value or declared as a method of an interface.
func uses(all []source) (used map[string]bool, selected folders) {
	names := map[string]string{} // of packages, by folder
	for _, s := range all {
		if !strings.HasSuffix(s.path, "_test.go") {
			names[s.dir()] = s.file.Name.Name
		}
	}
	used, selected = map[string]bool{}, folders{}
	for _, s := range all {
		imports := importsOf(s, names)
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.InterfaceType:
				for _, m := range n.Methods.List {
					for _, id := range m.Names {
						selected.add(id.Name, "an interface")
					}
				}
			case *ast.SelectorExpr:
				id, ok := n.X.(*ast.Ident)
				dir := ""
				if ok {
					dir, ok = imports[id.Name]
				}
				if ok && dir != s.dir() {
					used[dir+"."+n.Sel.Name] = true
				}
				if !ok {
					selected.add(n.Sel.Name, s.dir())
				}
			}
			return true
		})
	}
	return used, selected
}

// importsOf returns the folders that a file imports, by the name that they have in it.
func importsOf(s source, names map[string]string) map[string]string {
	out := map[string]string{}
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		dir, ok := strings.CutPrefix(p, module+"/")
		if err != nil || !ok {
			continue
		}
		switch {
		case i.Name != nil:
			out[i.Name.Name] = dir
		case names[dir] != "":
			out[names[dir]] = dir
		default:
			out[path.Base(dir)] = dir
		}
	}
	return out
}

// exportsOf returns the exported names of a file, and notes the types that their declarations name.
func exportsOf(s source, needed map[string]bool) []export {
	var out []export
	need := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				needed[s.dir()+"."+id.Name] = true
			}
			return true
		})
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			e := export{source: s, pos: d.Name.Pos(), name: d.Name.Name, method: d.Recv != nil}
			if e.method {
				e.name = receiver(d) + "." + e.name
			}
			if d.Name.IsExported() && ast.IsExported(e.name) {
				out = append(out, e)
				need(d.Type)
			}
		case *ast.GenDecl:
			out = append(out, exportsOfDecl(s, d, need)...)
		}
	}
	return out
}

func exportsOfDecl(s source, d *ast.GenDecl, need func(ast.Node)) []export {
	var out []export
	block := "" // constants in brackets belong together
	if d.Tok == token.CONST && d.Lparen.IsValid() {
		block = s.at(d.Pos(), "block")
	}
	typed := ""
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				out = append(out, export{source: s, pos: spec.Pos(), name: spec.Name.Name, isType: true, isForm: isForm(spec.Type)})
				needFields(spec.Type, need)
			}
		case *ast.ValueSpec:
			if id, ok := spec.Type.(*ast.Ident); ok && ast.IsExported(id.Name) {
				typed = s.dir() + "." + id.Name
			} else if len(spec.Values) > 0 {
				typed = ""
			}
			for _, id := range spec.Names {
				if id.IsExported() {
					group := block
					if d.Tok == token.CONST && typed != "" {
						group = typed
					}
					out = append(out, export{source: s, pos: id.Pos(), name: id.Name, group: group})
					if spec.Type != nil {
						need(spec.Type)
					}
				}
			}
		}
	}
	return out
}

// isForm tells whether a type is read or written by the tags of its fields, or has none and a schema of its own.
func isForm(t ast.Expr) bool {
	fields, ok := t.(*ast.StructType)
	return ok && (fields.Fields.NumFields() == 0 || slices.ContainsFunc(fields.Fields.List, func(f *ast.Field) bool { return f.Tag != nil || len(f.Names) == 0 || f.Names[0].Name == "RawBody" }))
}

// needFields notes the types that others meet in a type: of a struct those of its exported fields.
func needFields(t ast.Expr, need func(ast.Node)) {
	fields, ok := t.(*ast.StructType)
	if !ok {
		need(t)
		return
	}
	for _, f := range fields.Fields.List {
		if len(f.Names) == 0 || slices.ContainsFunc(f.Names, func(id *ast.Ident) bool { return id.IsExported() }) {
			need(f.Type)
		}
	}
}

// receiver returns the name of a method's type.
func receiver(d *ast.FuncDecl) string {
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
			return x.Name
		default:
			return ""
		}
	}
}

// readPages returns the text of pages together.
func readPages(root string, pages []string) (string, error) {
	var text strings.Builder
	for _, p := range pages {
		b, err := os.ReadFile(path.Join(root, p))
		if err != nil {
			return "", err
		}
		text.Write(b)
	}
	return text.String(), nil
}
