package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/cmd/config"
)

// asked is a server that keeps the tokens with which it was asked, and has no dead letters.
func asked(t *testing.T) (string, *[]string) {
	t.Helper()
	var tokens []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(`{"items":[],"next_cursor":null}`))
	}))
	t.Cleanup(s.Close)
	return s.URL, &tokens
}

func TestContexts(t *testing.T) {
	elsewhere(t)
	one, oneGot := asked(t)
	two, twoGot := asked(t)
	path, err := config.ContextsPath()
	if err != nil {
		t.Fatal(err)
	}
	lacks(t, millrace(t, 0, "context", "list").out, "NAME", "SERVER")
	set := millrace(t, 0, "context", "set", "one", "--server", one+"/", "--brokers", "a:1,b:2", "--prefix", "p.", "--token", "sesame")
	lacks(t, set.out, "one", one, "a:1,b:2", "p.", "kept")
	millrace(t, 0, "context", "set", "two", "--server", two, "--token-file", write(t, "token", "open\n"))
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v %v", path, info, err)
	}
	if dir, err := os.Stat(filepath.Dir(path)); err != nil || dir.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", dir, err)
	}
	for _, form := range []string{"table", "json", "yaml"} {
		if got := millrace(t, 0, "context", "list", "-o", form); strings.Contains(got.out+set.out, "sesame") {
			t.Errorf("%s shows the token:\n%s", form, got.out)
		}
	}

	// Flag, variable, current context, in this order; the file is behind the context.
	effective := func(args ...string) config.Config {
		t.Helper()
		root := millrace(t, 0, append([]string{"config"}, args...)...)
		return config.Config{Server: line(root.out, "server: "), Prefix: line(root.out, "prefix: ")}
	}
	if err := os.WriteFile("millrace.yaml", []byte("server: http://file:1\nprefix: file.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c := effective(); c.Server != "http://file:1" {
		t.Errorf("without a context: %v", c.Server)
	}
	lacks(t, millrace(t, 0, "context", "use", "one").out, "*", "one")
	if c := effective(); c.Server != one || c.Prefix != "p." {
		t.Errorf("the current context: %v", c)
	}
	t.Setenv(config.ContextVariable, "two")
	if c := effective(); c.Server != two || c.Prefix != "file." {
		t.Errorf("the variable: %v", c)
	}
	if c := effective("--context", "one"); c.Server != one {
		t.Errorf("the flag: %v", c)
	}
	if c := effective("--context", config.NoContext); c.Server != "http://file:1" {
		t.Errorf("none: %v", c)
	}
	t.Setenv("MILLRACE_SERVER", "http://env:1")
	if c := effective("--context", "one"); c.Server != "http://env:1" || c.Prefix != "p." {
		t.Errorf("MILLRACE_SERVER: %v", c)
	}
	if c := effective("--context", "one", "--server", "http://flag:1"); c.Server != "http://flag:1" {
		t.Errorf("--server: %v", c)
	}
	t.Setenv("MILLRACE_SERVER", "") // put back by the test
	if err := os.Unsetenv("MILLRACE_SERVER"); err != nil {
		t.Fatal(err)
	}

	// A token goes to the server of its context, and to no other.
	list := func(args ...string) {
		t.Helper()
		millrace(t, 0, append([]string{"deadletters", "list"}, args...)...)
	}
	list("--context", "one")
	list("--context", "two")
	list("--context", "one", "--token", "given")
	if *oneGot, *twoGot = drop(*oneGot), drop(*twoGot); strings.Join(*oneGot, " ") != "sesame given" || strings.Join(*twoGot, " ") != "open" {
		t.Errorf("%v %v", *oneGot, *twoGot)
	}
	for name, other := range map[string]string{"one": two, "two": one} {
		lacks(t, millrace(t, 2, "deadletters", "list", "--context", name, "--server", other).errs, "holds no token") // it asks for a token of its own
	}
	for _, got := range append(drop(*oneGot)[2:], drop(*twoGot)[1:]...) {
		if got != "" {
			t.Errorf("another server got %q", got)
		}
	}
	list("--context", "one", "--server", two, "--token", "other")
	if got := drop(*twoGot); got[len(got)-1] != "other" {
		t.Errorf("%v", got)
	}

	lacks(t, millrace(t, 0, "context", "set", "one", "--prefix", "q.").out, "q.", one, "kept") // the rest stays
	lacks(t, millrace(t, 0, "context", "remove", "one").out, "two")
	lacks(t, millrace(t, 2, "config", "--context", "one").errs, `no context "one"`, "millrace context list")
	t.Setenv(config.ContextVariable, "twoo")
	lacks(t, millrace(t, 2, "config").errs, config.ContextVariable, `no context "twoo"`, "did you mean two?")
	if raw, err := os.ReadFile(path); err != nil || strings.Contains(string(raw), "sesame") {
		t.Errorf("the token of a context that was removed is still there: %v", err)
	}
	lacks(t, millrace(t, 0, "__complete", "context", "use", "").out, "two\t"+two)
}

// drop leaves the tokens out of their headers.
func drop(headers []string) []string {
	out := make([]string, len(headers))
	for i, h := range headers {
		out[i] = strings.TrimPrefix(h, "Bearer ")
	}
	return out
}

// line returns what stands behind a word at the beginning of a line.
func line(text, word string) string {
	_, rest, _ := strings.Cut("\n"+text, "\n"+word)
	rest, _, _ = strings.Cut(rest, "\n")
	return rest
}

func TestContextsThatCannotBe(t *testing.T) {
	elsewhere(t)
	path, err := config.ContextsPath()
	if err != nil {
		t.Fatal(err)
	}
	for says, args := range map[string][]string{
		"what is":          {"set", "x"},
		"begins with":      {"set", ".x", "--server", "http://h:1"},
		"stands for no":    {"set", "default", "--server", "http://h:1"},
		"needs --server":   {"set", "x", "--token", "t"},
		"server:":          {"set", "x", "--server", "ftp://h"},
		"is not host:port": {"set", "x", "--brokers", "nope"},
		"has one token":    {"set", "x", "--server", "http://h:1", "--token", "t", "--token-file", "f"},
	} {
		lacks(t, millrace(t, 2, append([]string{"context"}, args...)...).errs, says)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
	lacks(t, millrace(t, 1, "context", "use", "x").errs, `no context "x"`)
	lacks(t, millrace(t, 1, "context", "remove", "x").errs, `no context "x"`)
	millrace(t, 0, "context", "set", "x", "--server", "http://h:1", "--token", "sesame")
	for _, args := range [][]string{{"serve"}, {"run", "--all"}, {"dev"}} {
		lacks(t, millrace(t, 2, append(args, "--context", "x")...).errs, "takes no context")
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	got := millrace(t, 2, "context", "list")
	lacks(t, got.errs, "others may read it", "chmod 600")
	if err := os.WriteFile(path, []byte("contexts: {x: {server: 'http://h:1', tokne: sesame}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = millrace(t, 2, "context", "list")
	lacks(t, got.errs, "cannot be read")
	if strings.Contains(got.errs, "sesame") {
		t.Errorf("the token is shown: %s", got.errs)
	}
}

// A deployment does not follow the context of whoever starts it.
func TestDeploymentsTakeNoContext(t *testing.T) {
	elsewhere(t)
	millrace(t, 0, "context", "set", "far", "--brokers", "127.0.0.2:1", "--server", "http://127.0.0.2:1")
	millrace(t, 0, "context", "use", "far")
	t.Setenv("MILLRACE_RUN_DATA", t.TempDir())
	got := millrace(t, 2, "run", "--all", "--brokers", "127.0.0.1:1")
	lacks(t, got.errs, "127.0.0.1:1")
	var shown []map[string]any
	if err := json.Unmarshal([]byte(millrace(t, 0, "context", "list", "-o", "json").out), &shown); err != nil || len(shown) != 1 || shown[0]["current"] != true {
		t.Errorf("%v %v", shown, err)
	}
	got = millrace(t, 2, "topics", "plan")
	lacks(t, got.errs, "127.0.0.2:1")
}
