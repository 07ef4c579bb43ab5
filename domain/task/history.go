package task

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/instant"
)

// Ending is how a run ended.
type Ending string

// The endings.
const (
	RunSucceeded Ending = "succeeded"
	RunFailed    Ending = "failed"
	RunTimedOut  Ending = "timed_out"
	RunSnoozed   Ending = "snoozed"
	RunSent      Ending = "sent"
	RunUnclaimed Ending = "unclaimed" // no worker took it
)

// Endings returns every ending.
func Endings() []Ending {
	return []Ending{RunSucceeded, RunFailed, RunTimedOut, RunSnoozed, RunSent, RunUnclaimed}
}

// Past is one run that is over.
type Past struct {
	Run    int64
	From   instant.Milli
	To     instant.Milli
	Ending Ending
	// Code and Error are what the handler said; they are cut to MaxCode and MaxError bytes.
	Code, Error string
}

// Bounds of a history.
const (
	MaxFirst = 4   // runs kept from the beginning
	MaxLast  = 28  // runs kept from the end
	MaxError = 256 // bytes
	MaxCode  = 64  // bytes
)

// History is the runs of a task that are over, in their order. Of a long one the first and the last are kept.
type History struct {
	Runs []Past
	// Omitted counts the runs between the first MaxFirst and the others.
	Omitted int64
}

func (h History) with(p Past) History {
	runs := append(slices.Clip(h.Runs), p)
	if len(runs) <= MaxFirst+MaxLast {
		return History{runs, h.Omitted}
	}
	return History{slices.Concat(runs[:MaxFirst:MaxFirst], runs[MaxFirst+1:]), h.Omitted + 1}
}

// pastRoom is what a run takes up beside its texts, in bytes.
const pastRoom = 40

func (h History) size() (n int64) {
	for i := range h.Runs {
		n += int64(pastRoom + len(h.Runs[i].Code) + len(h.Runs[i].Error))
	}
	return n
}

// cut shortens a text of a handler to what a row has room for, at a rune.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
