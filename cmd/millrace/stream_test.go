package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

// An answer that could not be written is no success.
func TestAnswersThatAreLostAreErrors(t *testing.T) {
	elsewhere(t)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := keyFiles(t, private, public)
	for _, args := range [][]string{
		{"version"}, {"config"}, {"topology"}, {"context", "list"}, {"generate", "--count", "3", "--out", "-"}, {"mission"},
		{"token", "mint", "--sub", "u", "--role", "user", "--key-file", key},
		{"window", "run", write(t, "w.txt", "window tumbling size=10 grace=0\na 1@0\nwatermark 15\n")},
	} {
		var errs bytes.Buffer
		root := newRoot(full{}, &errs)
		root.SetArgs(args)
		if err := execute(t.Context(), root); !errors.Is(err, errFull) || exitCode(err) != 2 {
			t.Errorf("%v: %v %s", args, err, &errs)
		}
	}
}

// The first Ctrl-C ends a command that waits for standard input.
func TestInterruptEndsAReadOfStandardInput(t *testing.T) {
	elsewhere(t)
	silent, open, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	defer open.Close()
	for _, args := range [][]string{
		{"context", "set", "x", "--server", "http://h:1", "--token-stdin"}, {"mission", "apply", "--dry-run", "-f", "-"}, {"pool", "codes", "p", "-"},
		{"window", "run", "-"}, {"replay", "-"}, {"deadletters", "replay", "payments-0-1", "--file", "-"},
	} {
		ctx, interrupt := context.WithCancelCause(t.Context())
		reads := make(chan struct{})
		root := newRoot(io.Discard, io.Discard)
		root.SetIn(announced{stdin{silent, ctx}, reads})
		root.SetArgs(append(args, nobody()...))
		stopped := errors.New("stopped")
		go func() {
			<-reads
			interrupt(stopped)
		}()
		if err := execute(ctx, root); err == nil || !strings.Contains(err.Error(), "stopped") {
			t.Errorf("%v: %v", args, err)
		}
		interrupt(nil)
	}
}

// announced tells of its first read.
type announced struct {
	stdin
	reads chan struct{}
}

func (a announced) Read(p []byte) (int, error) {
	close(a.reads)
	return a.stdin.Read(p)
}

func TestStandardInputIsReadAsItIs(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("some text\n", 50_000)
	go func() {
		_, _ = out.WriteString(want)
		_ = out.Close()
	}()
	got, err := io.ReadAll(stdin{in, t.Context()})
	if err != nil || string(got) != want {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
