package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
)

// letterAct is what is decided on dead letters.
type letterAct struct {
	op       deadletter.Op
	done     string // as the state afterwards has it
	id       string // of one; empty for all that pass
	reason   string
	group    string
	topic    string
	all      bool
	before   string // of Purge: a time
	why, key string
	file     string // bytes for one, in place of its own
	dryRun   bool
	confirm  confirmation
}

func (l *letterAct) flags(c *cobra.Command) {
	f, which := c.Flags(), "that are open"
	if l.op == deadletter.Purge {
		which = "that are decided"
	}
	textFlag(f, &l.reason, "reason", "", "of all "+which+": only this reason, such as malformed")
	textFlag(f, &l.group, "group", "", "of all "+which+": only of this group")
	textFlag(f, &l.topic, "topic", "", "of all "+which+": only records of this topic")
	switchFlag(f, &l.all, "all", "all "+which)
	textFlag(f, &l.why, "why", "", "why, for the record")
	switchFlag(f, &l.dryRun, "dry-run", "show which, change nothing")
	l.confirm.flags(c)
}

const letterActLong = `

Without ID it is done to all open dead letters that pass --reason, --group and --topic, or to --all: they are counted, and then it asks, at
a terminal; elsewhere it needs --yes. --dry-run shows them. Records of one partition go in the order they had. Exit status 1: there is none, or some were
refused. The token needs the role editor.`

func (a *app) replayLetterCommand() *cobra.Command {
	l := letterAct{op: deadletter.Replay, done: deadletter.Replayed.String()}
	cmd := &cobra.Command{
		Use: "replay [ID]", Short: "Send the record of a dead letter again, as it was or edited",
		Long: `Sends the record of a dead letter to payments again, once, under the key it had. If it fails again, that is another dead letter, and
its replay_of names the first. An event that the ledger has taken meanwhile changes nothing. --file sends other bytes in its place, as ` +
			"`deadletters show ID --raw`" + ` writes them.` + letterActLong,
		Example:           "  millrace deadletters replay payments-3-42 --why mended\n  millrace deadletters replay --reason future_timestamp --dry-run",
		ValidArgsFunction: a.openLetters(),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.decideLetters(cmd, args, l) },
	}
	l.flags(cmd)
	textFlagP(cmd.Flags(), &l.file, "file", "f", "",
		`of ID: the bytes to send in place of its own ("-": standard input)`)
	idempotent(cmd, &l.key)
	return cmd
}

func (a *app) discardLetterCommand() *cobra.Command {
	l := letterAct{op: deadletter.Discard, done: deadletter.Discarded.String()}
	cmd := &cobra.Command{
		Use: "discard [ID] --why WHY", Short: "Say that the record of a dead letter is not needed",
		Long:              "Marks a dead letter as discarded, with who said so and why. It stays, and can still be replayed." + letterActLong,
		Example:           "  millrace deadletters discard payments-3-42 --why test\n  millrace deadletters discard --group intake --reason malformed --why noise --yes",
		ValidArgsFunction: a.openLetters(),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.decideLetters(cmd, args, l) },
	}
	l.flags(cmd)
	idempotent(cmd, &l.key)
	required(cmd, "why")
	return cmd
}

func (a *app) purgeLetterCommand() *cobra.Command {
	l := letterAct{op: deadletter.Purge, done: "purged"}
	cmd := &cobra.Command{
		Use: "purge [ID] --why WHY", Short: "Forget dead letters that are decided",
		Long: `Takes a dead letter that was replayed or discarded off the list for good. The audit has who did it, and why. The bytes stay in the topic
until its retention takes them.

Without ID it is done to all that pass --reason, --group, --topic and --before, or to --all: they are counted, and then it asks, at a
terminal; elsewhere it needs --yes. --dry-run shows them. Exit status 1: there is none, or some were refused. The token needs the role editor.`,
		Example: "  millrace deadletters purge --all --before 2026-01-01T00:00:00Z --why old --yes",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.decideLetters(cmd, args, l) },
	}
	l.flags(cmd)
	textFlag(cmd.Flags(), &l.before, "before", "", "of all that are decided: only those filed before this time")
	idempotent(cmd, &l.key)
	required(cmd, "why")
	return cmd
}

// openLetters proposes those on which something can be decided.
func (a *app) openLetters() completer {
	return a.listed(call{path: lettersPath, roles: reads(), query: nonEmpty("state", deadletter.Open.String())}, "id")
}

func (a *app) decideLetters(cmd *cobra.Command, args []string, l letterAct) error {
	filtered := l.reason+l.group+l.topic != ""
	if l.before != "" && len(args) == 1 {
		return misused(cmd, "--before is of many: leave it out beside ID")
	}
	switch {
	case len(args) == 1 && (filtered || l.all):
		return misused(cmd, "give ID, or --reason, --group, --topic or --all: not both")
	case len(args) == 0 && !filtered && !l.all:
		return misused(cmd, "which? Give ID, or --reason, --group or --topic, or --all%s", example(cmd))
	case filtered && l.all:
		return misused(cmd, "--all is all: leave it out beside --reason, --group and --topic")
	case len(args) == 0 && (l.file != "" || l.key != ""):
		return misused(cmd, "--file and --key are of one dead letter: give its ID")
	}
	if len(args) == 0 {
		return a.decideAll(cmd, l)
	}
	l.id = args[0]
	if l.dryRun {
		return show(cmd.Context(), a, letterCall(l.id), func(s shownLetter) table {
			return letterTable([]shownLetter{s})
		})
	}
	c, err := l.call(a, l.id)
	if err != nil {
		return err
	}
	return show(cmd.Context(), a, c, func(s shownLetter) table { return letterTable([]shownLetter{s}) })
}

// call returns the request that decides on one.
func (l letterAct) call(a *app, id string) (call, error) {
	c := letterCall(id)
	body := map[string]any{}
	if l.why != "" {
		body["reason"] = l.why
	}
	if l.file != "" {
		in, _, err := a.openInput(l.file)
		if err != nil {
			return c, err
		}
		defer func() { _ = in.Close() }() // only read
		raw, err := io.ReadAll(in)
		if err != nil {
			return c, fmt.Errorf("--file %s: %w", l.file, err)
		}
		if len(raw) == 0 {
			return c, fmt.Errorf("--file %s is empty: it has no bytes to send in place of the record's", l.file)
		}
		body["raw_base64"] = raw
	}
	c.method, c.path, c.roles, c.body, c.key = http.MethodPost, c.path+"/"+string(l.op), writes(), body, keyOr(l.key)
	return c, nil
}

// nothing says that no letter passes.
func (l letterAct) nothing() error {
	if l.op == deadletter.Purge {
		return errors.New("no decided dead letter passes: `millrace deadletters list` shows those that there are")
	}
	return errors.New("no open dead letter passes: `millrace deadletters list --state open` shows those that there are")
}

// decidedLetter is what became of one of many.
type decidedLetter struct {
	ID     string `json:"id"`
	Result string `json:"result"`
	Detail string `json:"detail,omitempty"`
}

// decideAll decides the same on every open dead letter that passes.
func (a *app) decideAll(cmd *cobra.Command, l letterAct) error {
	open, err := a.passing(cmd.Context(), l)
	switch {
	case err != nil:
		return err
	case len(open) == 0:
		return finding{l.nothing()}
	case l.dryRun:
		fmt.Fprintf(a.errs, "%s would be %s.\n", counted(open), l.done)
		return a.print(open, func() table { return letterTable(open) })
	}
	question := fmt.Sprintf("%s will be %s at %s.", counted(open), l.done, a.config.Server)
	if err := l.confirm.confirm(cmd, question, fmt.Sprint(len(open))); err != nil {
		return err
	}
	results, keys, failed := make([]decidedLetter, len(open)), make([]string, len(open)), make([]error, len(open))
	for i, letter := range open {
		keys[i] = letter.source()
	}
	err = each(cmd.Context(), keys, func(ctx context.Context, i int) error {
		results[i] = decidedLetter{open[i].ID, l.done, ""}
		c, err := l.call(a, open[i].ID)
		if err == nil {
			_, err = a.write(ctx, c)
		}
		var refused finding
		if errors.As(err, &refused) {
			results[i].Result, results[i].Detail, failed[i] = "refused", err.Error(), err
			return nil
		}
		if err != nil {
			results[i].Result, results[i].Detail = "failed", err.Error()
		}
		return err
	})
	// those behind one that failed
	results = slices.DeleteFunc(results, func(d decidedLetter) bool { return d.ID == "" })
	printed := a.print(results, func() table {
		t := table{header: []string{"id", "result", "detail"}}
		for _, d := range results {
			t.rows = append(t.rows, []string{d.ID, d.Result, dash(d.Detail)})
		}
		return t
	})
	refused := slices.DeleteFunc(failed, func(err error) bool { return err == nil })
	if err == nil && len(refused) > 0 {
		err = finding{fmt.Errorf("%d of %d were refused", len(refused), len(open))}
	}
	return errors.Join(printed, err)
}

// passing returns the open dead letters that an act is about, oldest first.
func (a *app) passing(ctx context.Context, l letterAct) ([]shownLetter, error) {
	query := nonEmpty("reason", l.reason, "group", l.group)
	if l.op != deadletter.Purge {
		query.Set("state", deadletter.Open.String())
	}
	before, err := l.until()
	if err != nil {
		return nil, err
	}
	open := []shownLetter{}
	_, err = a.eachItem(ctx, call{path: lettersPath, roles: reads(), query: query}, everything(),
		func(raw json.RawMessage) error {
			var s shownLetter
			if err := json.Unmarshal(raw, &s); err != nil {
				return err
			}
			s.Raw = nil // they may be many
			at, err := instant.Parse(s.At)
			if err != nil {
				return err
			}
			decided := s.State != deadletter.Open.String()
			fits := (l.topic == "" || s.Topic == l.topic) && (before == 0 || at < before)
			if fits && decided == (l.op == deadletter.Purge) {
				open = append(open, s)
			}
			return nil
		})
	slices.Reverse(open)
	return open, err
}

// until returns the time of --before; 0 for none.
func (l letterAct) until() (instant.Milli, error) {
	if l.before == "" {
		return 0, nil
	}
	at, err := parseTime(l.before)
	if err != nil {
		return 0, fmt.Errorf("--before %s: %w", l.before, err)
	}
	return at, nil
}

// counted says how many there are, by reason.
func counted(letters []shownLetter) string {
	reasons := map[string]int{}
	for _, l := range letters {
		reasons[l.Reason]++
	}
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		parts = append(parts, fmt.Sprintf("%s %d", reason, reasons[reason]))
	}
	return fmt.Sprintf("%d dead letters (%s)", len(letters), strings.Join(parts, ", "))
}
