package work

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/worker/topicsink"
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
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), config.File)
	if err := os.WriteFile(path, []byte(`
tasks:
  kinds: [{name: tell}, {name: note}, {name: many, mode: batch}]
  worker: {handlers: {tell: {topic: told}, note: {log: true}, many: {topic: told, concurrency: 3}}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(c, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := names(t, c); err != nil || got != "reward_payout reward_clawback tell note many" {
		t.Error(got, err)
	}
	kinds, err := kindsOf(c, []string{"many", "tell"}, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := kinds[0].Handler.(*topicsink.Handler); !ok || kinds[0].Batch != nil {
		t.Errorf("%+v", kinds[0])
	}
	if _, ok := kinds[1].Batch.(*topicsink.Handler); !ok || kinds[1].Handler != nil || kinds[1].Concurrency != 3 {
		t.Errorf("%+v", kinds[1])
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
