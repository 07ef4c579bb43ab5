package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
)

func (a *app) codesCommand(complete completer) *cobra.Command {
	var reason string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "codes ID FILE", Short: "Add gift codes to a pool, one a line",
		Long: `Sends a file of gift codes ("-" for standard input) to the pool, and returns when the catalog has judged them. Codes that the pool has already are
left out. The same file again is the same codes: nothing is added twice.

What is not surely a code is refused by its line, and then nothing is taken: headings other than code, comments, totals, numbers that a spreadsheet
has made scientific, what does not fit the pool's code_pattern. --dry-run says what would be taken and what would not, without showing a code.`,
		Example:           "  millrace pool codes diwali codes.csv --dry-run",
		ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.addCodes(cmd.Context(), args[0], args[1], reason, dryRun)
		},
	}
	switchFlag(cmd.Flags(), &dryRun, "dry-run", "say what would be taken and what would not, take nothing")
	reasonFlag(cmd, &reason)
	return cmd
}

// shownCodes is the answer to an upload.
type shownCodes struct {
	Pool       string `json:"pool_id"`
	Codes      int    `json:"codes"`
	InPool     int    `json:"in_pool"`
	Behind     int64  `json:"stock_behind"`
	Duplicates int    `json:"duplicates"`
	Refused    int    `json:"refused"`
	Status     string `json:"status"`
	Problems   []struct {
		Pointer string `json:"pointer"`
		Detail  string `json:"detail"`
	} `json:"problems"`
	Dialect rewardcodec.CodesDialect `json:"dialect"`
	Shapes  []rewardcodec.CodeShape  `json:"shapes"`
}

// table returns the counts, and below them how the file is written, what its codes look like, and what is wrong.
func (s shownCodes) table() table {
	t := table{header: []string{"pool", "codes", "in pool", "duplicates", "refused", "status"}, rows: [][]string{
		{s.Pool, fmt.Sprint(s.Codes), fmt.Sprint(s.InPool), fmt.Sprint(s.Duplicates), fmt.Sprint(s.Refused), s.Status},
	}}
	if s.Behind > 0 {
		t.rows = append(t.rows, []string{fmt.Sprintf("the stock has not taken in %d codes of earlier uploads yet: more of these may be in the pool", s.Behind)})
	}
	d := s.Dialect
	t.rows = append(t.rows, []string{fmt.Sprintf("%s, byte order mark %t, line ends %s, separator %q, quote %q, header %q", d.Encoding, d.ByteOrderMark, d.LineEnds,
		d.Separator, d.Quote, d.Header)})
	for _, shape := range s.Shapes {
		t.rows = append(t.rows, []string{fmt.Sprintf("%d like %s, from line %d", shape.Codes, shape.Shape, shape.Line)})
	}
	for _, p := range s.Problems {
		t.rows = append(t.rows, []string{p.Pointer + " " + p.Detail})
	}
	return t
}

var errNoCodes = finding{errors.New("the file holds no codes: nothing would be taken")}

func (a *app) addCodes(ctx context.Context, pool, file, reason string, dryRun bool) error {
	in, _, err := a.openInput(file)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	raw, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if len(raw) == 0 {
		return errNoCodes
	}
	c := call{
		method: http.MethodPost, path: "/v1/panel/pools" + path(pool) + "/codes", roles: writes(), body: raw,
		content: "text/csv", reason: reason,
		what: fmt.Sprintf("pool %q", pool), list: "millrace pool list",
	}
	if dryRun {
		c.query = url.Values{"dry_run": {"true"}}
	}
	out, err := a.write(ctx, c)
	if err != nil {
		return err
	}
	var shown shownCodes
	if err := c.read(out, &shown); err != nil {
		return err
	}
	switch err := a.print(out.body, shown.table); {
	case err != nil:
		return err
	case shown.Refused == 0 && shown.Codes == 0:
		return errNoCodes
	case shown.Refused == 0:
		return nil
	}
	return finding{fmt.Errorf("%d lines are no codes: the server would take nothing of this file", shown.Refused)}
}
