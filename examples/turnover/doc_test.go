package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/engine/embedded"
)

// TestDocument does what docs/your-own-processor.md says, against a broker without topics: its commands print what
// stands there.
func TestDocument(t *testing.T) {
	raw, err := os.ReadFile("../../docs/your-own-processor.md")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(raw), -1) {
		lines = append(lines, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	broker, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	at := []string{broker.Addr()}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	running := make(chan error, 1)
	kinds := map[string]int{}
	for len(lines) > 0 {
		command, ok := strings.CutPrefix(lines[0], "$ go run .")
		if !ok {
			t.Fatalf("no command: %s", lines[0])
		}
		want := strings.Builder{}
		for lines = lines[1:]; len(lines) > 0 && !strings.HasPrefix(lines[0], "$ "); lines = lines[1:] {
			want.WriteString(lines[0] + "\n")
		}
		words := strings.Fields(command)
		kind := strings.Join(words, " ")
		switch {
		case kind == "":
			ready := make(chan struct{})
			go func() { running <- run(ctx, at, "0", t.TempDir(), ready) }()
			select {
			case <-ready:
			case err := <-running:
				t.Fatal(err)
			}
		case kind == "watch":
			if got := watched(t, ctx, at, strings.Count(want.String(), "\n")); sorted(got) != sorted(want.String()) { // of two topics, in either order
				t.Errorf("watch prints %q\nnot %q", got, want.String())
			}
		default:
			var out strings.Builder
			if err := shop(ctx, at, words, &out); err != nil || out.String() != want.String() {
				t.Errorf("%s prints %q, %v\nnot %q", command, out.String(), err, want.String())
			}
			kind = words[0]
		}
		kinds[kind]++
	}
	if kinds[""] != 1 || kinds["watch"] != 2 || kinds["sell"] < 3 {
		t.Fatalf("the document has %v", kinds)
	}
	cancel()
	if err := <-running; err != nil {
		t.Error(err)
	}
}

// watched returns as many lines of watch as there are to be.
func watched(t *testing.T, ctx context.Context, at []string, n int) string {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := shop(ctx, at, []string{"watch"}, out)
		_ = out.CloseWithError(io.EOF)
		ended <- err
	}()
	lines, got := bufio.NewScanner(in), ""
	for ; n > 0 && lines.Scan(); n-- {
		got += lines.Text() + "\n"
	}
	cancel()
	_ = in.Close()
	if err := <-ended; err != nil || n > 0 {
		t.Errorf("watch ends with %v, %d lines too early", err, n)
	}
	return got
}

func sorted(lines string) string {
	all := strings.Split(lines, "\n")
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func TestWhatIsNotUnderstood(t *testing.T) {
	for line, says := range map[string]string{
		"sell": "usage", "sell north 250": "usage", "watch me": "usage", "dance": "usage",
		"sell north 2.50 2026-03-01T10:00:05Z": "whole minor units", "sell north 250 today": "RFC 3339",
	} {
		if err := shop(t.Context(), nil, strings.Fields(line), io.Discard); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
