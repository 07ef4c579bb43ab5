package enginetest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
	"github.com/millrace/millrace/engine/store"
)

// The environment of a worker: this test's binary, run again.
const (
	workerBrokers = "ENGINETEST_BROKERS"
	workerPrefix  = "ENGINETEST_PREFIX"
	workerDir     = "ENGINETEST_DIR"
	workerScript  = "ENGINETEST_SCRIPT" // ticker or backlog, else counter
	workerPause   = "ENGINETEST_PAUSE"  // failpoint:times, at which the process stops itself
)

// work is a worker process. It says when it is ready and goes on until it is killed, or its standard input ends: then
// it stops as it should.
func work() {
	fail := func(err error) {
		if errors.Is(err, engine.ErrFenced) {
			fmt.Println("fenced")
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	disk, err := store.NewDisk(store.DiskConfig{Dir: os.Getenv(workerDir)})
	fail(err)
	c, graph, load := bulk(), counter, new(load)
	c.Failpoint = pauseAt(os.Getenv(workerPause))
	switch os.Getenv(workerScript) {
	case "ticker":
		c.SessionTimeout, graph = mortal, ticker
	case "backlog":
		c, graph = engine.Config{Partitions: enginetest.Partitions, Failpoint: load.pass}, bytesKeeper
	}
	c.Client.Brokers, c.Stores = strings.Split(os.Getenv(workerBrokers), ","), disk
	if os.Getenv(workerPause) != "" {
		c.SessionTimeout = mortal
	}
	e, err := engine.New(c)
	fail(err)
	p, err := goka.NewProcessor(c.Client.Brokers, graph(os.Getenv(workerPrefix), func() {}), e.Options()...)
	fail(err)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent
		cancel()
	}()
	go func() {
		<-e.Ready()
		fmt.Println("ready")
		in := e.Handled(os.Getenv(workerPrefix) + "in")
		once := sync.OnceFunc(func() { fmt.Println("committed") })
		for partition, next := range in.Next() {
			go func() {
				if in.Wait(ctx, map[int32]int64{partition: next + 1}) == nil {
					once()
				}
			}()
		}
	}()
	load.handled = e.Handled(os.Getenv(workerPrefix) + "in")
	fail(e.Run(ctx, p))
	fail(disk.Close())
	fmt.Println(load)
}

// bulk takes small transactions, so that kills find many of them.
func bulk() engine.Config {
	return engine.Config{
		Partitions: enginetest.Partitions, CommitInterval: 5 * time.Millisecond, Tick: 10 * time.Millisecond, MaxRecords: 50, IdleAfter: -1,
		SessionTimeout: 4 * time.Second,
	}
}

// worker is a process that runs this test's binary.
type worker struct {
	*exec.Cmd
	says *bufio.Reader
}

// startWorker returns when the process has its tables.
func startWorker(t testing.TB, h *enginetest.Harness, dir string, env ...string) worker {
	t.Helper()
	w := worker{Cmd: exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")}
	w.Env = append(append(os.Environ(), env...), workerBrokers+"="+strings.Join(h.Brokers, ","), workerPrefix+"="+h.Prefix, workerDir+"="+dir)
	w.Stderr = os.Stderr
	if _, err := w.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := w.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.says = bufio.NewReader(out)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "ready")
	return w
}

func (w worker) expect(t testing.TB, word string) {
	t.Helper()
	line, err := w.says.ReadString('\n')
	if line == "committed\n" && word != "committed" { // not everybody waits for it
		line, err = w.says.ReadString('\n')
	}
	if line != word+"\n" {
		t.Fatalf("worker says %q, %v, not %s", line, err, word)
	}
}

// stop lets the process end as it should; what it says at the end can still be read.
func (w worker) stop() error { return w.Process.Signal(syscall.SIGTERM) }

func (w worker) kill(t testing.TB) {
	t.Helper()
	if err := w.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = w.Wait() // killed
}

// lag returns how many input records of a group are not handled.
func lag(t testing.TB, h *enginetest.Harness, group string) int64 {
	t.Helper()
	behind, err := kadm.NewClient(h.Client).Lag(t.Context(), h.Prefix+group)
	if err != nil {
		t.Fatal(err)
	}
	return behind[h.Prefix+group].Lag.Total()
}

func behind(t testing.TB, h *enginetest.Harness) int64 {
	t.Helper()
	return lag(t, h, "counter")
}

func bulkInput(n int) []string {
	records := make([]string, 0, n+enginetest.Partitions)
	for i := range n {
		records = append(records, fmt.Sprintf("key-%d=%d", i%97, i/50+(i*37)%11))
		if i%200 == 199 {
			records = append(records, enginetest.Watermark(time.Unix(int64(i/50), 0))...)
		}
	}
	return append(records, enginetest.Watermark(time.Unix(1_000_000, 0))...)
}

// Processes killed at any moment leave behind what an undisturbed run does.
func TestKilledProcesses(t *testing.T) {
	const seed, records, kills = 20260301, 15_000, 8
	random := rand.New(rand.NewPCG(seed, 0))
	calm := enginetest.New(t, bulk(), topics, counter)
	calm.Produce("in", bulkInput(records)...)
	calm.Start()
	calm.Settle("in", "counter-loop")
	calm.Stop()

	h := enginetest.New(t, bulk(), topics, counter)
	h.Produce("in", bulkInput(records)...)
	dir, hits, slowest := t.TempDir(), 0, time.Duration(0)
	for range kills {
		began := time.Now()
		w := startWorker(t, h, dir)
		slowest = max(slowest, time.Since(began))
		<-time.After(time.Duration(random.IntN(70)) * time.Millisecond) // the one thing here that is left to chance
		w.kill(t)
		if behind(t, h) > 0 {
			hits++
		}
	}
	t.Logf("seed %d: %d of %d kills hit work under way; slowest start %s", seed, hits, kills, slowest.Round(time.Millisecond))
	if hits < kills/2 {
		t.Errorf("only %d of %d kills hit work under way", hits, kills)
	}
	h.Start()
	h.Settle("in", "counter-loop")
	h.Stop()
	if d := cmp.Diff(strings.Split(transcript(t, calm), "\n"), strings.Split(transcript(t, h), "\n")); d != "" {
		t.Error(d)
	}
}
