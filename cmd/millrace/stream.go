package main

import (
	"context"
	"io"
	"os"

	"golang.org/x/term"
)

// checked is standard output, which remembers the first error of a write: what a command has to say must not be lost
// with exit status 0.
type checked struct {
	io.Writer
	err error
}

// Write implements io.Writer.
func (c *checked) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

// terminal tells whether a person reads along.
func (c *checked) terminal() bool {
	if c == nil {
		return false
	}
	f, ok := c.Writer.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// stdin is standard input, whose reads end with the context: the first Ctrl-C ends a command that waits for input, at a
// prompt too.
type stdin struct {
	*os.File
	ctx context.Context
}

// Read implements io.Reader. A read that the context has ended goes on, and its bytes are lost; the process is about to
// end.
func (s stdin) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done, own := make(chan result, 1), make([]byte, len(p))
	go func() {
		n, err := s.File.Read(own)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return copy(p, own[:r.n]), r.err
	case <-s.ctx.Done():
		return 0, context.Cause(s.ctx)
	}
}
