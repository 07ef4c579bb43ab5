package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/dev"
	healthcodec "github.com/millrace/millrace/codecs/health"
	devviews "github.com/millrace/millrace/views/dev"
)

type breakOptions struct {
	length  time.Duration
	success float64
}

func (a *app) devBreakCommand() *cobra.Command {
	var o breakOptions
	cmd := &cobra.Command{
		Use:   "break MODE/INSTRUMENT[/GATEWAY]",
		Short: "Make payments of a bank fail for a time, to watch its health fall and come back",
		Long: `Makes the live traffic of the dev that --server names go badly: payments of the instrument, or of one of its gateways, fail for
technical reasons from now on, and some hang. Windows tell after a minute or two. The state follows: degraded after two or
three minutes, down after five, and up again 12 to 13 minutes after the end (docs/health.md says why). Watch it on the live
page, or with "millrace health why MODE INSTRUMENT".`,
		Example: "  millrace dev break upi/hdfc --for 6m",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.devBreak(cmd.Context(), args[0], o) },
	}
	durationFlag(cmd.Flags(), &o.length, "for", dev.BreakFor, "how long, at most 24h")
	decimalFlag(cmd.Flags(), &o.success, "success", healthcodec.OutageSuccess,
		"share of the payments that succeed all the same, 0 to 1")
	return cmd
}

func (a *app) devBreak(ctx context.Context, what string, o breakOptions) error {
	parts := strings.Split(what, "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || parts[1] == "" || parts[len(parts)-1] == "" {
		return fmt.Errorf("%q is not MODE/INSTRUMENT or MODE/INSTRUMENT/GATEWAY, such as upi/hdfc", what)
	}
	body := map[string]any{"mode": parts[0], "instrument": parts[1], "for": o.length.String(), "success": o.success}
	if len(parts) == 3 {
		body["gateway"] = parts[2]
	}
	out, err := a.call(ctx, call{method: http.MethodPost, path: "/v1/dev/break", roles: writes(), body: body})
	var p *problemError
	if errors.As(err, &p) && p.status == http.StatusNotFound {
		return fmt.Errorf("%s sends no traffic that could break: it needs a `millrace dev` without --no-traffic",
			a.config.Server)
	}
	if err != nil {
		return err
	}
	var broken devviews.Broken
	if err := json.Unmarshal(out.body, &broken); err != nil {
		return err
	}
	return a.print(broken, func() table {
		return table{
			header: []string{"what", "from", "until", "success"},
			rows: [][]string{{what, clockTime(broken.Begin.Time()), clockTime(broken.End.Time()),
				fmt.Sprintf("%g %%", broken.Success*100)}},
		}
	})
}

func clockTime(t time.Time) string { return t.Format("15:04:05Z") }
