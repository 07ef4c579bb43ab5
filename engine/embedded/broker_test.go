package embedded

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, c Config) *Broker {
	t.Helper()
	b, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func client(t *testing.T, b *Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(b.Addr()))...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDataOutlivesGracefulStops(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	b := start(t, Config{Dir: dir})
	c := client(t, b)
	if _, err := kadm.NewClient(c).CreateTopic(ctx, 2, 1, nil, "topic"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := c.ProduceSync(ctx, &kgo.Record{Topic: "topic", Key: []byte("k"), Value: make([]byte, 1<<19)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset("topic", 0, 2, -1)
	if err := kadm.NewClient(c).CommitAllOffsets(ctx, "group", offsets); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	again := start(t, Config{Dir: dir})
	c = client(t, again, kgo.ConsumeTopics("topic"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer c.Close()
	for read := 0; read < 3; {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		read += fetches.NumRecords()
	}
	committed, err := kadm.NewClient(c).FetchOffsets(ctx, "group")
	if err != nil {
		t.Fatal(err)
	}
	if at, _ := committed.Lookup("topic", 0); at.At != 2 {
		t.Errorf("committed offset is %d, not 2", at.At)
	}
}

func TestSecondBrokerIsRefused(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir})
	if _, err := Start(Config{Dir: dir}); !errors.Is(err, ErrInUse) {
		t.Errorf("same directory: %v", err)
	}
	if _, err := MoveAside(dir); !errors.Is(err, ErrInUse) {
		t.Errorf("move aside: %v", err)
	}
	_, port, _ := net.SplitHostPort(b.Addr())
	n, _ := strconv.Atoi(port)
	other := t.TempDir()
	if _, err := Start(Config{Dir: other, Port: n}); !errors.Is(err, ErrInUse) {
		t.Errorf("same port: %v", err)
	}
	start(t, Config{Dir: other}) // the refusal left nothing behind
}

func TestUncleanDataIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := start(t, Config{Dir: dir}).Close(); err != nil {
		t.Fatal(err)
	}
	if err := start(t, Config{Dir: dir}).Close(); err != nil { // a clean stop is no obstacle
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, marker), nil, 0o644); err != nil { // as a kill leaves it
		t.Fatal(err)
	}
	for range 2 {
		if _, err := Start(Config{Dir: dir}); !errors.Is(err, ErrUnclean) {
			t.Fatalf("got %v", err)
		}
	}
	moved, err := MoveAside(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(moved, marker)); err != nil {
		t.Error(err)
	}
	if filepath.Dir(moved) != filepath.Dir(dir) {
		t.Errorf("moved to %s", moved)
	}
	start(t, Config{Dir: dir})
}

func TestFailedWriteLeavesTheMarker(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	b, err := Start(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "broker")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broker"), nil, 0o644); err != nil { // no directory to write to
		t.Fatal(err)
	}
	if err := b.Close(); err == nil {
		t.Fatal("no error")
	}
	if _, err := Start(Config{Dir: dir}); !errors.Is(err, ErrUnclean) {
		t.Errorf("got %v", err)
	}
}

func TestInMemory(t *testing.T) {
	a, b := start(t, Config{}), start(t, Config{})
	if a.Addr() == b.Addr() {
		t.Error("same address twice")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c := client(t, a)
	defer c.Close()
	if err := c.Ping(ctx); err != nil {
		t.Error(err)
	}
}
