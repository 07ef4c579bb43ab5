package streamtest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/stream"
)

// A flag cannot be defined later than this, and every test package with scripts wants it.
var rewrite = flag.Bool("rewrite", false, "write the golden output of processor scripts anew")

// Run runs every script that matches the glob pattern as a subtest, each on a processor of its own.
func Run(t *testing.T, pattern string, c Config) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts at %s (%v)", pattern, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(name, func(t *testing.T) { runFile(t, file, c) })
	}
}

func runFile(t *testing.T, file string, c Config) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := parseScript(string(text))
	h := New(t, c)
	for i := range blocks {
		b := &blocks[i]
		got := b.run(h)
		if *rewrite {
			b.golden = got
			continue
		}
		if diff := cmp.Diff(b.golden, got); b.hasGolden && diff != "" {
			t.Errorf("%s:%d (-golden +got):\n%s", file, b.line, diff)
		}
		if !b.hasGolden && len(got) > 0 {
			t.Errorf("%s:%d: output without golden:\n%s", file, b.line, strings.Join(got, "\n"))
		}
	}
	if !*rewrite {
		return
	}
	if err := os.WriteFile(file, []byte(writeScript(blocks)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// block is a number of commands and their common output.
type block struct {
	line      int
	commands  []string // comments included
	golden    []string
	hasGolden bool
}

func parseScript(text string) []block {
	var blocks []block
	var b block
	flush := func() {
		if len(b.commands) > 0 || b.hasGolden {
			blocks = append(blocks, b)
		}
		b = block{}
	}
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "":
			flush()
		case b.hasGolden:
			b.golden = append(b.golden, line)
		case line == "----":
			b.hasGolden = true
		default:
			if b.line == 0 {
				b.line = i + 1
			}
			b.commands = append(b.commands, line)
		}
	}
	flush()
	return blocks
}

func writeScript(blocks []block) string {
	var out strings.Builder
	for i, b := range blocks {
		if i > 0 {
			out.WriteString("\n")
		}
		for _, line := range b.commands {
			out.WriteString(line + "\n")
		}
		if b.hasGolden || len(b.golden) > 0 {
			out.WriteString("----\n")
		}
		for _, line := range b.golden {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

func (b *block) run(h *Harness) []string {
	h.t.Helper()
	var out, commands []string
	for _, line := range b.commands {
		switch {
		case strings.HasPrefix(line, "#"):
		case len(commands) > 0 && strings.ContainsAny(line[:1], " \t"):
			commands[len(commands)-1] += " " + strings.TrimSpace(line)
		default:
			commands = append(commands, line)
		}
	}
	for _, command := range commands {
		lines, err := h.execute(command)
		if err != nil {
			h.t.Fatalf("line %d: %s: %v", b.line, command, err)
		}
		out = append(out, lines...)
	}
	return out
}

func (h *Harness) execute(command string) ([]string, error) {
	h.t.Helper()
	name, rest, _ := strings.Cut(command, " ")
	rest = strings.TrimSpace(rest)
	args := strings.Fields(rest)
	switch name {
	case "consume":
		m, err := h.message(rest)
		if err == nil {
			h.Consume(m)
		}
		return nil, err
	case "clock":
		return nil, h.executeClock(args)
	case "advance":
		at, err := time.Parse(time.RFC3339Nano, rest)
		if err == nil {
			h.Advance(at)
		}
		return nil, err
	case "wall":
		d, err := time.ParseDuration(rest)
		if err == nil {
			h.Wall(d)
		}
		return nil, err
	case "watermark":
		return h.Watermarks(), nil
	case "sweep":
		h.Sweep()
		return nil, nil
	case "table":
		return h.Table(rest), nil
	case "emitted":
		return h.Emitted(args...), nil
	case "dead-letters":
		return h.DeadLetters(), nil
	case "restart":
		h.Restart()
		return nil, nil
	}
	return nil, fmt.Errorf("no such command")
}

func (h *Harness) executeClock(args []string) error {
	h.t.Helper()
	if len(args) < 2 {
		return fmt.Errorf("wants a topic and a time")
	}
	at, err := time.Parse(time.RFC3339Nano, args[1])
	if err != nil {
		return err
	}
	c := stream.Clock{At: at, Sources: 1}
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		n, err := strconv.ParseInt(value, 10, 32)
		switch {
		case err != nil:
			return err
		case name == "source":
			c.Source = int32(n)
		case name == "sources":
			c.Sources = int32(n)
		default:
			return fmt.Errorf("no option %s", name)
		}
	}
	h.Clock(args[0], c)
	return nil
}
