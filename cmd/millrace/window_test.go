package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestWindowRun(t *testing.T) {
	elsewhere(t)
	const text = "window tumbling size=10 grace=0\na 1@0\na 2@10\na 1@3\n"
	const want = "final a [0,10) count=1 values=1\nlate a 1@3 [0,10)\nrevision a [0,10) rev=1 count=2 values=1,1\n"
	if err := os.WriteFile("script", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if a := millrace(t, 0, "window", "run", "script"); a.out != want {
		t.Errorf("it prints\n%s", a.out)
	}
	var out, errs bytes.Buffer
	root := newRoot(&out, &errs)
	root.SetIn(strings.NewReader(text))
	root.SetArgs([]string{"window", "run", "-"})
	if err := root.ExecuteContext(t.Context()); err != nil || out.String() != want {
		t.Errorf("from standard input: %v\n%s", err, out.String())
	}
	if err := os.WriteFile("script", []byte("window weekly\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lacks(t, millrace(t, 2, "window", "run", "script").errs, "line 1", "weekly")
	millrace(t, 2, "window", "run", "none")
}
