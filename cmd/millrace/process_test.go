package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/cmd/admin"
	"github.com/millrace/millrace/views/asof"
)

// process runs a command until stop is called, once it has logged that it is up. stop returns its exit status.
func process(t *testing.T, up string, args ...string) (stop func() int) {
	t.Helper()
	stop, _ = background(t, up, args...)
	return stop
}

// background is process for a command that may end by itself: ended returns why.
func background(t *testing.T, up string, args ...string) (stop func() int, ended func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log := &waitFor{text: []byte(up), seen: make(chan struct{})}
	root := newRoot(io.Discard, log)
	root.SetArgs(args)
	done := make(chan error, 1)
	go func() { done <- root.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		cancel()
		done <- <-done // it is over, whether or not somebody has looked
	})
	select {
	case <-log.seen:
	case err := <-done:
		done <- err
		t.Fatalf("%v ended: %v", args, err)
	}
	ended = func() error {
		err := <-done
		done <- err
		return err
	}
	return func() int { cancel(); return exitCode(ended()) }, ended
}

func status(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// The groups in one process and the views in another, as where everything has a place of its own.
func TestRunAndServe(t *testing.T) {
	flags := []string{"--brokers", broker(t), "--partitions", "2", "--replication", "1"}
	millrace(t, 0, append([]string{"topics", "apply"}, flags...)...)

	admin, listen := freePort(t), freePort(t)
	t.Setenv("MILLRACE_HTTP_ADMIN", fmt.Sprintf("127.0.0.1:%d", admin))
	t.Setenv("MILLRACE_HTTP_LISTEN", fmt.Sprintf("127.0.0.1:%d", listen))
	t.Setenv("MILLRACE_RUN_DATA", t.TempDir())
	tables := t.TempDir()
	t.Setenv("MILLRACE_HTTP_DATA", tables)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, publicPEM := keyFiles(t, private, public)
	t.Setenv("MILLRACE_AUTH_KEY_FILE", write(t, "public.pem", string(publicPEM)))
	server := fmt.Sprintf("http://127.0.0.1:%d", listen)

	stopRun := process(t, "msg=running", append([]string{"run", "--all"}, flags...)...)
	serveAdmin := freePort(t)
	t.Setenv("MILLRACE_HTTP_ADMIN", fmt.Sprintf("0.0.0.0:%d", serveAdmin)) // as in a container
	stopServe := process(t, "msg=serving", append([]string{"serve"}, flags...)...)
	mint := func(role string) string {
		text := millrace(t, 0, "token", "mint", "--sub", "ops", "--role", role, "--key-file", key).out
		return strings.TrimSpace(text)
	}
	file := write(t, "m.yaml", goodMission)
	apply := append([]string{"mission", "apply", "-f", file, "--server", server}, flags...)
	lacks(t, millrace(t, 2, apply...).errs, "only `millrace dev`", "MILLRACE_TOKEN")
	lacks(t, millrace(t, 2, append(apply, "--token", mint("viewer"))...).errs, `mission "swiggy-500": the token lacks a role (403 forbidden): it needs editor or approver or admin`)
	// It returns when the missions are in force, so both processes do their work then.
	t.Setenv("MILLRACE_TOKEN", mint("editor"))
	lacks(t, millrace(t, 0, apply...).out, "swiggy-500", "applied")
	lacks(t, millrace(t, 0, apply...).out, "unchanged")
	changed := write(t, "changed.yaml", goodMission+"  debt: floor\n")
	lacks(t, millrace(t, 0, append([]string{"mission", "apply", "-f", changed, "--server", server}, flags...)...).out, "applied")
	if err := os.Unsetenv("MILLRACE_TOKEN"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MILLRACE_TOKEN_FILE", write(t, "token", mint("viewer")+"\n"))
	lacks(t, millrace(t, 0, "mission", "list", "--server", server).out, "swiggy-500", "active")
	t.Setenv("MILLRACE_TOKEN_FILE", "")

	asViewer := []string{"--server", server, "--token", mint("viewer")}
	lacks(t, millrace(t, 0, append([]string{"mission", "list"}, asViewer...)...).out, "swiggy-500", "active")
	lacks(t, millrace(t, 0, append([]string{"mission", "get", "swiggy-500", "-o", "json"}, asViewer...)...).out, `"target": 50000`)
	lacks(t, millrace(t, 1, append([]string{"mission", "get", "none"}, asViewer...)...).errs, `there is no mission "none"`)
	lacks(t, millrace(t, 2, "mission", "list", "--server", server, "--token", "junk").errs, "401", "MILLRACE_TOKEN")
	lacks(t, millrace(t, 2, "mission", "list", "--server", server).errs, "only `millrace dev`")

	payments := write(t, "p.jsonl", `{"id":"e1","type":"payment","transaction_id":"t1","user_id":"u1","amount":20000,"currency":"INR","status":"success","mode":"upi","instrument":"sbi","merchant":"swiggy","updated_at":"2026-03-02T10:00:00Z"}`+"\n")
	if got := millrace(t, 0, append([]string{"replay", payments, "--advance", "1h", "--wait", "--server", server}, flags...)...).out; got != "sent=1\n" {
		t.Errorf("replay said %q", got)
	}
	explain := append([]string{"mission", "explain", "swiggy-500", "--user", "u1"}, asViewer...)
	lacks(t, millrace(t, 0, append(explain, "--transaction", "t1")...).out, "/filters/0", "yes", "counts 20000, by version 1")
	lacks(t, millrace(t, 0, append(explain, "--transaction", "t1", "-o", "json")...).out, `"counted": true`, `"basis": "remembered"`)
	lacks(t, millrace(t, 1, append(explain, "--transaction", "t2")...).errs, `no payment "t2" that user "u1" made`)

	tellsItsInputs(t, server)
	probed(t, admin, append(everyProcess(), "millrace_transactions_total")...)
	// Money is checked by serve alone, so these metrics are nowhere else.
	probed(t, serveAdmin, everyProcess()...)
	probed(t, serveAdmin, `millrace_table_recovered{group="ledger"} 1`, `millrace_consumer_lag_records{group="views",partition="0",topic="ledger-table"} 0`,
		"millrace_conservation_checked_timestamp_seconds", `millrace_http_requests_total{method="POST",route="/v1/panel/missions",status="200"}`)
	for _, path := range []string{"/metrics", "/metrics/", "/debug/pprof/", "/debug/vars"} {
		if code, body := status(t, server+path); code != http.StatusNotFound {
			t.Errorf("the public port answers %s: %d %s", path, code, body)
		}
	}
	if _, body := status(t, server+"/"); strings.Contains(body, "/metrics") {
		t.Error("the start page of the public port links to metrics, which are not there")
	}
	if code, _ := status(t, server+"/v1/health?mode=upi"); code != http.StatusUnauthorized {
		t.Errorf("health without a token: %d", code)
	}
	lacks(t, millrace(t, 0, "probe").out, "ready")
	if code := stopServe(); code != 0 {
		t.Errorf("serve ended with %d", code)
	}
	lacks(t, millrace(t, 2, "probe").errs, "not ready", "http.admin", fmt.Sprintf("127.0.0.1:%d/readyz", serveAdmin))
	if kept, err := filepath.Glob(filepath.Join(tables, "views", "ledger-table.*")); err != nil || len(kept) != 2 {
		t.Errorf("serve kept %v, %v", kept, err)
	}
	if code := stopRun(); code != 0 {
		t.Errorf("run ended with %d", code)
	}
}

// everyProcess returns what the metrics of every process hold.
func everyProcess() []string {
	info, _ := debug.ReadBuildInfo()
	b := buildOf(info)
	return []string{
		fmt.Sprintf("millrace_build_info{commit=%q,goversion=%q,version=%q} 1", b.Commit, b.Go, b.Version),
		"go_goroutines ", "go_gc_duration_seconds_count ", "go_memstats_heap_inuse_bytes ", "process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_start_time_seconds ",
	}
}

// probed checks the probes of an admin port, and that its metrics hold all of the words.
func probed(t *testing.T, admin int, words ...string) {
	t.Helper()
	for path, want := range map[string][]string{"/livez": {"ok"}, "/readyz": {"ok"}, "/metrics": append(words, "process_start_time_seconds", "go_goroutines")} {
		code, body := status(t, fmt.Sprintf("http://127.0.0.1:%d%s", admin, path))
		if code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
		lacks(t, body, want...)
	}
}

// ready returns once the process with this admin port handles records.
func ready(t *testing.T, admin int) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		if code, _ := status(t, fmt.Sprintf("http://127.0.0.1:%d/readyz", admin)); code == http.StatusOK {
			return
		}
		<-ticker.C
	}
}

// A process keeps its slot and its directory to itself; another one with the slot takes over, and the first ends with
// one line.
func TestSlots(t *testing.T) {
	flags := []string{"--brokers", broker(t), "--partitions", "2", "--replication", "1"}
	millrace(t, 0, append([]string{"topics", "apply"}, flags...)...)
	here, there := t.TempDir(), t.TempDir()
	run := func(data string) ([]string, int) {
		admin := freePort(t)
		t.Setenv("MILLRACE_HTTP_ADMIN", fmt.Sprintf("127.0.0.1:%d", admin))
		return append([]string{"run", "ledger", "deadletters", "--slot", "1", "--data", data}, flags...), admin
	}
	args, admin := run(here)
	_, ended := background(t, "msg=running", args...)
	ready(t, admin)

	args, _ = run(here)
	lacks(t, millrace(t, 2, args...).errs, "group ledger", "held by a process", "--slot of its own", here)
	ready(t, admin) // nobody has taken anything over

	args, admin = run(there)
	stop := process(t, "msg=running", args...)
	err := ended()
	if exitCode(err) != 2 || !strings.Contains(err.Error(), "another process has started with slot 1") || strings.Contains(err.Error(), "\n") {
		t.Errorf("who was taken over said: %v", err)
	}
	ready(t, admin)
	if code := stop(); code != 0 {
		t.Errorf("who took over ended with %d", code)
	}
	args, admin = run(here)
	stop = process(t, "msg=running", args...)
	ready(t, admin)
	if code := stop(); code != 0 {
		t.Errorf("started again, it ended with %d", code)
	}
	lacks(t, millrace(t, 2, append([]string{"run", "ledger", "--slot", "-1"}, flags...)...).errs, "run.slot")
}

// tellsItsInputs checks that tokens hold what processors have written of themselves, and are taken back.
func tellsItsInputs(t *testing.T, server string) {
	t.Helper()
	var answer struct {
		AsOf struct {
			StreamTime string `json:"stream_time"`
			Token      string
		} `json:"as_of"`
	}
	code, body := status(t, server+"/readyz")
	if err := json.Unmarshal([]byte(body), &answer); code != http.StatusOK || err != nil {
		t.Fatalf("readyz: %d %v %s", code, err, body)
	}
	at, err := asof.Parse(answer.AsOf.Token)
	if err != nil {
		t.Fatal(err)
	}
	read := int64(0)
	for _, inputs := range at["ledger-table"] {
		read += inputs["transactions"]
	}
	if read == 0 || len(at["ledger-table"]) != 2 || answer.AsOf.StreamTime < "2026-03-02T10:00:00Z" {
		t.Errorf("as of %s, %v", answer.AsOf.StreamTime, at)
	}
	if code, body := status(t, server+"/readyz?min_as_of="+answer.AsOf.Token); code != http.StatusOK {
		t.Errorf("its own token: %d %s", code, body)
	}
}

// A process that answers and is not ready fails the probe, with its own words.
func TestProbeOfAProcessThatIsNotReady(t *testing.T) {
	port, err := admin.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = port.Close() }()
	port.Serve(prometheus.NewRegistry(), admin.Ready(func() bool { return false }))
	t.Setenv("MILLRACE_HTTP_ADMIN", port.Addr())
	lacks(t, millrace(t, 1, "probe").errs, "503", "not ready")
}

func TestATakenAdminPort(t *testing.T) {
	flags := []string{"--brokers", broker(t), "--partitions", "1", "--replication", "1"}
	millrace(t, 0, append([]string{"topics", "apply"}, flags...)...)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	t.Setenv("MILLRACE_HTTP_ADMIN", taken.Addr().String())
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, publicPEM := keyFiles(t, private, public)
	t.Setenv("MILLRACE_AUTH_KEY_FILE", write(t, "public.pem", string(publicPEM)))
	for _, command := range [][]string{{"run", "deadletters"}, {"serve"}} {
		lacks(t, millrace(t, 2, append(command, flags...)...).errs, "admin port", taken.Addr().String(), "http.admin", "MILLRACE_HTTP_ADMIN")
	}
}
