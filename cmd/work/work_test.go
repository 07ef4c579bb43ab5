package work

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/millrace/millrace/cmd/config"
)

func names(t *testing.T, c config.Config, asked ...string) (string, error) {
	t.Helper()
	kinds, err := kindsOf(c, asked, slog.Default())
	var out []string
	for _, k := range kinds {
		out = append(out, k.Policy.Name)
	}
	return strings.Join(out, " "), err
}

func TestKindsThatHaveAHandlerAreServed(t *testing.T) {
	c := config.Default()
	if _, err := names(t, c); err == nil || !strings.Contains(err.Error(), "tasks.provider.url") {
		t.Error(err)
	}
	c.Tasks.Provider.URL, c.Tasks.Provider.Secret = "https://pay.example.com", "a secret of 16 bytes"
	c.Tasks.Kinds = []config.TaskKind{}
	if got, err := names(t, c); err != nil || got != "reward_payout reward_clawback" {
		t.Error(got, err)
	}
	if got, err := names(t, c, "reward_clawback"); err != nil || got != "reward_clawback" {
		t.Error(got, err)
	}
	if _, err := names(t, c, "tell"); err == nil || !strings.Contains(err.Error(), `no kind "tell"`) {
		t.Error(err)
	}
	c.Tasks.Worker.Handlers = map[string]config.TaskHandler{"reward_payout": {Log: true}}
	if got, err := names(t, c); err != nil || got != "reward_payout reward_clawback" {
		t.Error(got, err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	c.Tasks.Worker.Handlers = map[string]config.TaskHandler{"reward_payout": {}, "tell": {URL: "x", Secret: "short"}}
	c.Tasks.Provider.Secret = ""
	err := c.Validate()
	for _, want := range []string{"reward_payout: write a url, or log", "tell: declare the kind", "tell: url:", "secret: it has 5",
		"tasks.provider.secret"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}
