package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"
)

func (a *app) codesCommand(complete completer) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "codes ID FILE", Short: "Add gift codes to a pool, one a line",
		Long: `Sends a file of gift codes ("-" for standard input) to the pool, and returns when the catalog has judged them. Codes that the pool has already are
left out. The same file again is the same codes: nothing is added twice.`,
		Example:           "  millrace pool codes diwali codes.csv",
		ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.addCodes(cmd.Context(), args[0], args[1], reason)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit")
	return cmd
}

// shownCodes is the answer to an upload.
type shownCodes struct {
	Pool       string `json:"pool_id"`
	Codes      int    `json:"codes"`
	Duplicates int    `json:"duplicates"`
	Status     string `json:"status"`
}

func (a *app) addCodes(ctx context.Context, pool, file, reason string) error {
	in, _, err := openInput(file)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	raw, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	c := call{
		method: http.MethodPost, path: "/v1/panel/pools" + path(pool) + "/codes", roles: writes(), body: raw, content: "text/csv", reason: reason,
		what: fmt.Sprintf("pool %q", pool), list: "millrace pool list",
	}
	return show(ctx, a, c, func(s shownCodes) table {
		return table{header: []string{"pool", "codes", "duplicates", "status"}, rows: [][]string{{s.Pool, fmt.Sprint(s.Codes), fmt.Sprint(s.Duplicates), s.Status}}}
	})
}
