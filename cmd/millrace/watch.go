package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// watch says whether a command shows its answer again and again.
type watch struct {
	on    bool
	every time.Duration
}

func (w *watch) flags(c *cobra.Command) {
	switchFlagP(c.Flags(), &w.on, "watch", "w", "show it again and again until Ctrl-C")
	durationFlag(c.Flags(), &w.every, "every", 2*time.Second, "with --watch: how often")
}

// clearScreen puts the cursor of a terminal at the top and clears what is below.
const clearScreen = "\x1b[H\x1b[2J"

// watchable makes a command of one that shows an answer, once or, by its flags, again and again.
func (a *app) watchable(c *cobra.Command, show func(ctx context.Context, args []string) error) *cobra.Command {
	var w watch
	w.flags(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return a.watched(cmd.Context(), w, func(ctx context.Context) error { return show(ctx, args) })
	}
	return c
}

// watched runs do once, or, if it is to be watched, until ctx ends, which is no error then. A terminal shows the last
// answer alone; elsewhere one follows the other.
func (a *app) watched(ctx context.Context, w watch, do func(context.Context) error) error {
	if !w.on {
		return do(ctx)
	}
	if w.every < 100*time.Millisecond {
		return fmt.Errorf("--every %v: must be at least 100ms", w.every)
	}
	for ctx.Err() == nil {
		if a.answers.terminal() {
			fmt.Fprint(a.out, clearScreen)
		}
		if err := do(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		_ = sleepUntil(ctx, time.Now().Add(w.every)) // a stop is how a watch ends
	}
	return nil
}
