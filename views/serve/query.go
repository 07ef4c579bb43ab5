package serve

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	faults "github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/views/problem"
)

// parameterName is what the name of a parameter may look like; what looks otherwise may be a secret, and no answer
// repeats it.
var parameterName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,31}$`)

// checkQuery refuses query parameters that an operation does not have, that come twice, or that say nothing: an empty
// filter passes everything, and is no filter that anybody has meant.
func checkQuery(ctx huma.Context) *problem.Problem {
	u := ctx.URL()
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return problem.Unreadable("/query", "malformed",
			"the query cannot be read: escape what is not a letter or digit")
	}
	known, names := map[string]*huma.Param{}, []string{}
	for _, p := range ctx.Operation().Parameters {
		if p.In == "query" {
			known[p.Name], names = p, append(names, p.Name)
		}
	}
	unknown := &problem.Problem{}
	for name, values := range query {
		switch p := known[name]; {
		case p == nil:
			unknown.Errors = append(unknown.Errors, unknownParameter(name, names))
		case len(values) > 1:
			return problem.Unreadable("/query/"+name, "repeated", "must be sent once")
		case !utf8.ValidString(values[0]):
			return problem.Unreadable("/query/"+name, "malformed", "is not UTF-8")
		case strings.TrimSpace(values[0]) == "" && !p.AllowEmptyValue:
			return problem.Unreadable("/query/"+name, "malformed", "is empty: leave it out, or give it a value")
		case strings.ContainsFunc(values[0], unicode.IsControl):
			return problem.Unreadable("/query/"+name, "malformed", "has a control character: take it out")
		}
	}
	if len(unknown.Errors) > 0 {
		return unknown.Unknown()
	}
	return nil
}

func unknownParameter(name string, known []string) problem.Field {
	f := problem.Field{Pointer: "/query", Code: faults.UnknownField,
		Detail: "has a parameter that does not exist here" + faults.Hint(name, known)}
	if parameterName.MatchString(name) {
		f.Pointer, f.Detail = "/query/"+name, "does not exist here"+faults.Hint(name, known)
	}
	return f
}

// NotEmpty documents that query parameters that are there have a value.
func NotEmpty(op *huma.Operation) {
	least := 1
	for _, p := range op.Parameters {
		if p.In == "query" && !p.AllowEmptyValue && p.Schema.Type == huma.TypeString && len(p.Schema.Enum) == 0 &&
			p.Schema.MinLength == nil {
			p.Schema.MinLength = &least
		}
	}
}
