package e2e

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// deployment is the binary, called as an operator would.
type deployment struct {
	t       *testing.T
	ctx     context.Context
	dir     string
	binary  string
	globals []string
}

// TestSeparateProcesses deploys every group, some together and some alone, and a server as processes of their own, and
// uses them through the command line and HTTP only.
func TestSeparateProcesses(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.do("topics", "apply")
	admin, listen := freeAddr(t), freeAddr(t)
	d.background("HTTP_ADMIN="+admin, "run", "intake", "ledger")
	d.background("HTTP_ADMIN="+freeAddr(t), "run", "progress")
	d.background("HTTP_ADMIN="+freeAddr(t), "run", "health", "routing", "catalog", "deadletters", "budget", "rewards", "tasks")
	d.globals = append(d.globals, "--server", "http://"+listen)
	d.background("HTTP_LISTEN="+listen+" HTTP_ADMIN="+freeAddr(t), "serve")
	d.until("http://" + admin + "/readyz")
	d.until("http://" + listen + "/readyz")

	editor := strings.TrimSpace(d.do("token", "mint", "--key-file", filepath.Join(d.dir, "key.pem"), "--sub", "asif", "--role", "editor"))
	if out := d.do("mission", "apply", "--token", editor, "-f", repository(t, "examples/missions/swiggy-500.yaml")); !strings.Contains(out, "applied") {
		t.Fatalf("mission apply printed\n%s", out)
	}
	if out := d.do("replay", repository(t, "examples/tour/payments.jsonl"), "--advance", "1h", "--wait"); !strings.Contains(out, "sent=54") {
		t.Fatalf("replay printed\n%s", out)
	}
	token := strings.TrimSpace(d.do("token", "mint", "--key-file", filepath.Join(d.dir, "key.pem"), "--sub", "usr_asha", "--role", "user"))
	var mission struct{ Progress, Target int64 }
	d.get("http://"+listen+"/v1/users/me/missions/swiggy-500", token, http.StatusOK, &mission)
	if mission.Progress != 35_000 || mission.Target != 50_000 {
		t.Errorf("%+v", mission)
	}
	d.get("http://"+listen+"/v1/users/usr_1/missions", token, http.StatusNotFound, nil)
	viewer := strings.TrimSpace(d.do("token", "mint", "--key-file", filepath.Join(d.dir, "key.pem"), "--sub", "asif", "--role", "viewer"))
	var letters struct{ Items []struct{ Reason string } }
	d.get("http://"+listen+"/v1/panel/dead-letters", viewer, http.StatusOK, &letters)
	if len(letters.Items) != 1 || letters.Items[0].Reason != "invalid_field" {
		t.Errorf("%+v", letters)
	}
	metrics := string(d.get("http://"+admin+"/metrics", "", http.StatusOK, nil))
	if !strings.Contains(metrics, `millrace_events_total{group="intake",outcome="accepted"} 53`) {
		t.Errorf("intake's count is not in the metrics:\n%s", metrics)
	}
}

// deploy builds the binary and gives it a broker, topics of its own and a pair of keys.
func deploy(t *testing.T) *deployment {
	d := &deployment{t: t, ctx: deadline(t), dir: t.TempDir()}
	d.binary = filepath.Join(d.dir, "millrace")
	build := exec.CommandContext(d.ctx, "go", "build", "-o", d.binary, "../../cmd/millrace")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	private := filepath.Join(d.dir, "key.pem")
	writeKey(t, private)
	d.globals = []string{"--brokers", strings.Join(brokers(t), ","), "--prefix", "proc" + strconv.FormatInt(time.Now().UnixNano(), 36) + "-", "--partitions", "2", "--replication", "1"}
	return d
}

func writeKey(t *testing.T, path string) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d *deployment) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, d.binary, append(args, d.globals...)...)
	c.Dir = d.dir
	c.Env = append(os.Environ(), "MILLRACE_AUTH_KEY_FILE="+filepath.Join(d.dir, "key.pem"))
	return c
}

// do runs a command to its end and returns what it prints.
func (d *deployment) do(args ...string) string {
	d.t.Helper()
	c := d.command(d.ctx, args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		d.t.Fatalf("%v: %v\n%s%s", args, err, out.String(), errs.String())
	}
	return out.String()
}

// background runs a command, with variables set, until the test is over; it must then stop gracefully when asked to.
func (d *deployment) background(variables string, args ...string) {
	d.t.Helper()
	// The test's context ends before its clean-ups, and would kill what is to be asked to stop.
	c := d.command(context.WithoutCancel(d.ctx), args...)
	for _, v := range strings.Fields(variables) {
		c.Env = append(c.Env, "MILLRACE_"+v)
	}
	log := new(lockedBuffer)
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			d.t.Errorf("%v had stopped by itself: %v\n%s", args, err, log)
		}
		if err := c.Wait(); err != nil {
			d.t.Errorf("%v: %v\n%s", args, err, log)
		}
	})
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// until returns when url answers 200.
func (d *deployment) until(url string) {
	d.t.Helper()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		resp, err := http.Get(url)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-d.ctx.Done():
			d.t.Fatalf("%s: %v", url, context.Cause(d.ctx))
		case <-ticker.C:
		}
	}
}

func (d *deployment) get(url, token string, want int, into any) []byte {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.ctx, http.MethodGet, url, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		d.t.Fatalf("%s: %d, want %d %v\n%s", url, resp.StatusCode, want, err, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			d.t.Fatal(err)
		}
	}
	return raw
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// repository returns the absolute path of a file of the repository.
func repository(t *testing.T, name string) string {
	path, err := filepath.Abs(filepath.Join("..", "..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return path
}
