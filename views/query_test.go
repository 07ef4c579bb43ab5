package views

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/token"
)

// TestEveryParameterIsUnderstoodOrRefused: a query parameter that is empty, blank, there twice or unknown is refused by
// its name, at every operation. An empty filter would pass everything.
func TestEveryParameterIsUnderstoodOrRefused(t *testing.T) {
	f := newFixture(t, simulated)
	f.fillAll()
	bearer, asked := f.token("usr_1", token.User, token.Admin, token.Health, token.Service), 0
	ends, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a stream that is given by mistake
	defer cancel()
	within := func(r *http.Request) { *r = *r.WithContext(ends) }
	f.operations(func(method, path string, op *huma.Operation) {
		try := func(query, pointer, detail string) {
			asked++
			at, kept, _ := strings.Cut(target(path), "?")
			if name, _, _ := strings.Cut(kept, "="); kept != "" && !strings.HasPrefix(query, name) {
				query = kept + "&" + query
			}
			w := f.ask(method, at+"?"+query, bearer, fromHere, within, withBody("{}"), f.withConditions(method, path))
			if w.Code != http.StatusBadRequest || firstPointer(f.object(w.Body.Bytes())) != pointer || !strings.Contains(w.Body.String(), detail) {
				t.Errorf("%s %s?%s: %d %s", method, at, query, w.Code, w.Body)
			}
		}
		for _, p := range op.Parameters {
			if p.In != "query" {
				continue
			}
			at, name := "/query/"+p.Name, url.QueryEscape(p.Name)
			try(name+"=a&"+name+"=b", at, "must be sent once")
			try(name+"=a&"+name+"=a", at, "must be sent once")
			if p.AllowEmptyValue {
				continue
			}
			for _, blank := range []string{"=", "", "=%20", "=+", "=%09", "=%C2%A0"} {
				try(name+blank, at, "is empty")
			}
			if s := p.Schema; s.Type == huma.TypeString && s.Format == "" && len(s.Enum) == 0 && (s.MinLength == nil || *s.MinLength < 1) {
				t.Errorf("%s %s: the document allows %s to be empty", method, path, p.Name)
			}
		}
		try("zq=1", "/query/zq", "does not exist here")
		try("limt=1", "/query/limt", "does not exist here")
		try("=1", "/query", "does not exist here")
		try("%zz=1", "/query", "escape")
		try(strings.Repeat("x", 64)+"=1", "/query", "has a parameter that does not exist here")
		try("limit=1;cursor=x", "/query", "escape")
	})
	if asked < 300 {
		t.Errorf("only %d", asked)
	}
	if got := f.get("/readyz?verbose"); len(got["checks"].([]any)) == 0 {
		t.Errorf("%v", got)
	}
}

// TestFiltersOfClosedListsAreRefused: a filter that can match nothing is a typing error, and the answer "there is none"
// would hide it.
func TestFiltersOfClosedListsAreRefused(t *testing.T) {
	f := newFixture(t, simulated)
	f.fillAll()
	for _, query := range []string{"reason=malformd", "group=intak", "state=opened"} {
		name, _, _ := strings.Cut(query, "=")
		p := f.wantProblem(f.ask("GET", "/v1/panel/dead-letters?"+query, f.token("v", token.Viewer)), http.StatusUnprocessableEntity, "invalid_field")
		if firstPointer(p) != "/query/"+name {
			t.Errorf("%s: %v", query, p)
		}
	}
	if got := f.ids("/v1/panel/dead-letters?reason=malformed&group=intake&state=open"); len(got) != 1 || len(got[0]) != 2 {
		t.Errorf("%v", got)
	}
}

// A control character is part of no name that a query could look for.
func TestQueriesHaveNoControls(t *testing.T) {
	f := newFixture(t)
	for _, at := range []string{"/v1/health?mode=%00", "/v1/panel/audit?actor=a%1bb", "/v1/panel/audit?kind=mission&id=x%0a"} {
		w := f.ask("GET", at, f.token("a", token.Admin, token.Health))
		if got := f.object(w.Body.Bytes()); w.Code != http.StatusBadRequest || !strings.HasPrefix(firstPointer(got), "/query/") {
			t.Errorf("%s: %d %s", at, w.Code, w.Body)
		}
	}
}
