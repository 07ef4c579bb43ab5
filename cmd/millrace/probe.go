package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) probeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "probe",
		Short: "Ask the admin port of this machine whether its process is ready",
		Long: `Asks /readyz of the process whose admin port is http.admin (MILLRACE_HTTP_ADMIN): exit status 0 if it is ready, 1 if it is not, and 2 if
nothing answers within 4 s. It is the health check of containers, whose image holds nothing else that could ask. A port that is
open on all addresses (0.0.0.0) is asked on loopback.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.probe(cmd.Context()) },
	}
}

// probePatience is below the 5 s after which the shipped health checks end the probe without its message.
const probePatience = 4 * time.Second

func (a *app) probe(ctx context.Context) error {
	host, port, err := net.SplitHostPort(a.config.HTTP.Admin)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := withTimeout(ctx, probePatience)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("not ready: nothing answers on http.admin (MILLRACE_HTTP_ADMIN): %v", err) //nolint:errorlint // --server is no way out
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10)) // the status says enough without it
		return finding{fmt.Errorf("not ready: %s answers %s: %s", url, resp.Status, strings.TrimSpace(string(why)))}
	}
	fmt.Fprintln(a.out, "ready")
	return nil
}
