package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// Where the tables go, from the root of the repository, which is above the module bench, and the marks around them.
const (
	root     = "../"
	page     = "docs/health.md"
	figures  = "outage/testdata/month.json"
	openMark = "<!-- outages: written by go -C bench run ./outage -rewrite -->"
	endMark  = "<!-- /outages -->"
)

func main() {
	rewrite := flag.Bool("rewrite", false, "write the tables into "+page)
	flag.Parse()
	if err := show(*rewrite); err != nil {
		fmt.Fprintln(os.Stderr, "outage:", err)
		os.Exit(1)
	}
}

func show(rewrite bool) error {
	m := simulate(defaultConfig())
	if !rewrite {
		fmt.Print(section(m))
		return nil
	}
	raw, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(root + page)
	if err != nil {
		return fmt.Errorf("%w (run it in the root of the repository)", err)
	}
	before, _, after, err := cut(string(text))
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(figures, append(raw, '\n'), 0o644),
		os.WriteFile(root+page, []byte(before+openMark+section(m)+endMark+after), 0o644),
	)
}

// cut splits the page around its generated part.
func cut(text string) (before, section, after string, err error) {
	before, rest, found := strings.Cut(text, openMark)
	section, after, closed := strings.Cut(rest, endMark)
	if !found || !closed {
		return "", "", "", fmt.Errorf("%s has no marks for the tables", page)
	}
	return before, section, after, nil
}
