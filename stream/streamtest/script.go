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
)

// A flag cannot be defined later than this, and every test package with scripts wants it.
var rewrite = flag.Bool("rewrite", false, "write the golden output of processor scripts anew")

// Run runs every script that matches the glob pattern as a subtest, each on a processor of its own, and twice more:
// with a graceful restart before each block, and with the processor killed at each command that gives it something to
// handle. All must come to the same golden output.
func Run(t *testing.T, pattern string, c Config) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts at %s (%v)", pattern, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(name, func(t *testing.T) { runFile(t, file, c, false, nil) })
		if !*rewrite {
			t.Run(name+"/restarts", func(t *testing.T) { runFile(t, file, c, true, nil) })
		}
		if !*rewrite && !c.Calm {
			t.Run(name+"/kills", func(t *testing.T) { runFile(t, file, c, false, everyStep()) })
		}
	}
}

func runFile(t *testing.T, file string, c Config, restarts bool, k kills) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks := parseScript(string(text))
	h := newHarness(t, c, k)
	for i := range blocks {
		b := &blocks[i]
		if restarts && i > 0 {
			h.Restart()
		}
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
		if len(args) > 0 {
			return nil, h.executeWatermark(args)
		}
		return h.Watermarks(), nil
	case "sweep":
		h.Sweep()
		return nil, nil
	case "table":
		return h.Table(rest), nil
	case "sums":
		return h.Sums(), nil
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

func (h *Harness) executeWatermark(args []string) error {
	h.t.Helper()
	if len(args) < 2 {
		return fmt.Errorf("wants a topic and a time")
	}
	at, err := time.Parse(time.RFC3339Nano, args[1])
	if err != nil {
		return err
	}
	source := Source{Time: at}
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		var n int64
		switch name {
		case "source", "sources":
			n, err = strconv.ParseInt(value, 10, 32)
		case "idle":
			source.Idle, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("no option %s", name)
		}
		if err != nil {
			return err
		}
		switch name {
		case "source":
			source.Number = int32(n)
		case "sources":
			source.Sources = int32(n)
		}
	}
	h.Watermark(args[0], source)
	return nil
}
