package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/test/campaign"
	"github.com/millrace/millrace/test/smoke/fleet"
	"github.com/millrace/millrace/test/smoke/mutant"
	"github.com/millrace/millrace/views/token"
)

// unlimited lets the campaign's missions, which have no budget, become active without a second person.
const unlimited = "MILLRACE_APPROVAL_UNLIMITED=false"

// build compiles the binary that is to be crashed.
func (r *run) build(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("go env GOMOD: %w", err)
	}
	r.repository = filepath.Dir(strings.TrimSpace(string(out)))
	r.binary = filepath.Join(r.dir, "millrace")
	args := []string{"build", "-o", r.binary}
	if len(r.options.mutants) > 0 {
		overlay, err := mutant.Overlay(r.repository, filepath.Join(r.dir, "overlay"), r.options.mutants...)
		if err != nil {
			return err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/millrace")...)
	cmd.Dir = r.repository
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// connect starts the broker that the flags name.
func (r *run) connect(ctx context.Context) (err error) {
	switch r.options.broker {
	case memoryBroker:
		r.broker, err = fleet.Embedded("", filepath.Join(r.dir, "broker.log"))
	case diskBroker:
		r.broker, err = fleet.Embedded(filepath.Join(r.dir, "broker"), filepath.Join(r.dir, "broker.log"))
	case kafkaBroker:
		r.broker, err = fleet.Kafka(ctx, r.repository, filepath.Join(r.dir, "kafka"))
	default:
		addrs := strings.Split(r.options.broker, ",")
		r.broker = fleet.Given(addrs)
		if r.options.kafkaDir != "" {
			r.broker = fleet.GivenKafka(addrs[0], r.repository, r.options.kafkaDir)
		}
	}
	return err
}

// command runs the binary to its end.
func (r *run) command(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.binary, append(args, r.globals()...)...)
	cmd.Dir = r.dir
	if r.minter != nil {
		editor, err := r.minter.Mint("smoke", []token.Role{token.Editor}, time.Hour)
		if err != nil {
			return err
		}
		cmd.Env = append(os.Environ(), "MILLRACE_TOKEN="+editor)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("millrace %s: %w\n%s", strings.Join(args, " "), err, out.String())
	}
	return nil
}

// globals are the flags that all commands share.
func (r *run) globals() []string {
	c := r.topology.Config
	return []string{
		"--brokers", strings.Join(r.broker.Addrs, ","), "--prefix", c.Prefix, "--partitions",
		strconv.Itoa(int(c.Partitions)),
		"--replication", strconv.Itoa(int(c.Replication)), "--server", r.server, "--config", r.settings,
	}
}

// worker returns a process that runs groups.
func (r *run) worker(name string, slot int, groups ...string) (*fleet.Worker, error) {
	admin, err := freeAddr()
	if err != nil {
		return nil, err
	}
	dir := r.state(name)
	args := append([]string{"run"}, groups...)
	return fleet.NewWorker(name, slot, fleet.Command{
		Path: r.binary, Args: append(args, r.globals()...), Dir: dir, Ready: "http://" + admin + "/readyz",
		// Clock events end the run. The wall clock must not, however long a fault keeps records away.
		Env: []string{
			"MILLRACE_RUN_SLOT=" + strconv.Itoa(slot), "MILLRACE_RUN_DATA=" + filepath.Join(dir, "tables"),
			"MILLRACE_PROGRESS_REORDER_HORIZON=" + r.options.horizon.String(),
			"MILLRACE_HTTP_ADMIN=" + admin, "MILLRACE_HEALTH_IDLE_AFTER=24h", "MILLRACE_LOG_LEVEL=warn", unlimited,
		},
	}, stopWithin, r.log.Printf), nil
}

// handler returns a process that calls handlers of tasks.
func (r *run) handler(name string) (*fleet.Worker, error) {
	admin, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return fleet.NewWorker(name, 0, fleet.Command{
		Path: r.binary, Args: append([]string{"worker"}, r.globals()...), Dir: r.state(name),
		Ready: "http://" + admin + "/readyz",
		Env:   []string{"MILLRACE_HTTP_ADMIN=" + admin, "MILLRACE_LOG_LEVEL=warn"},
	}, stopWithin, r.log.Printf), nil
}

// state is the folder of a worker.
func (r *run) state(name string) string { return filepath.Join(r.dir, name) }

// twin returns a second process of a worker's slot, with a folder of its own: the other still holds its stores.
func (r *run) twin(of *fleet.Worker) (*fleet.Worker, error) {
	r.twins++
	return r.worker(fmt.Sprintf("%s-twin-%d", of.Name, r.twins), of.Slot, "--all")
}

// stopWithin is how long a worker may take to stop gracefully.
const stopWithin = 20 * time.Second

// serve starts the server, which nobody crashes: it is a reader like any other.
func (r *run) serve(ctx context.Context) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	key := filepath.Join(r.dir, "public.pem")
	if err := writeKey(key, public); err != nil {
		return err
	}
	signer, err := token.Private(private)
	if err != nil {
		return err
	}
	if r.minter, err = token.NewMinter(token.MinterConfig{Issuer: "millrace", Audience: "millrace",
		Signer: signer}); err != nil {
		return err
	}
	listen := strings.TrimPrefix(r.server, "http://")
	admin, err := freeAddr()
	if err != nil {
		return err
	}
	dir := filepath.Join(r.dir, "serve")
	r.reader = &fleet.Fleet{Report: r.log.Printf, Workers: []*fleet.Worker{fleet.NewWorker("serve", 0, fleet.Command{
		Path: r.binary, Args: append([]string{"serve"}, r.globals()...), Dir: dir, Ready: r.server + "/readyz",
		Env: []string{
			"MILLRACE_HTTP_LISTEN=" + listen, "MILLRACE_HTTP_ADMIN=" + admin, "MILLRACE_AUTH_KEY_FILE=" + key,
			"MILLRACE_LOG_LEVEL=warn", unlimited,
			"MILLRACE_PROGRESS_REORDER_HORIZON=" + r.options.horizon.String(),
		},
	}, stopWithin, r.log.Printf)}}
	return r.reader.Start(ctx)
}

func writeKey(path string, public crypto.PublicKey) error {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600)
}

// applyMissions puts the missions in force before any payment comes, and lets operators do what they do to them at
// times that are yet to come: a worker of progress reads the whole catalog before it takes its first posting.
func (r *run) applyMissions(ctx context.Context) error {
	file, pools := filepath.Join(r.dir, "missions.json"), filepath.Join(r.dir, "pools.json")
	err := errors.Join(os.WriteFile(file, campaign.Definitions(), 0o600), os.WriteFile(pools, campaign.Pools(), 0o600))
	if err != nil {
		return err
	}
	if r.client, err = kgo.NewClient(kgo.SeedBrokers(r.broker.Addrs...),
		kgo.RecordPartitioner(kgo.ManualPartitioner())); err != nil {
		return err
	}
	r.admin = cluster.NewAdmin(r.client)
	create, act, err := campaign.Operators(r.topology)
	if err != nil {
		return err
	}
	for _, record := range append(create, act...) {
		if err := r.produce(ctx, record); err != nil {
			return err
		}
	}
	w, err := r.worker("catalog", 0, "catalog")
	if err != nil {
		return err
	}
	catalog := &fleet.Fleet{Report: r.log.Printf, Workers: []*fleet.Worker{w}}
	defer catalog.Stop()
	if err := catalog.Start(ctx); err != nil {
		return err
	}
	if err := r.command(ctx, "pool", "apply", "-f", pools); err != nil {
		return err
	}
	if err := r.command(ctx, "mission", "apply", "-f", file); err != nil {
		return err
	}
	for _, s := range cluster.Stages(r.topology) {
		if s.Group == r.topology.Catalog.Name {
			return cluster.Drain(ctx, r.admin, []cluster.Stage{s}, 50*time.Millisecond)
		}
	}
	return nil
}

// produce sends a record of the campaign.
func (r *run) produce(ctx context.Context, record campaign.Record) error {
	partition := stream.Partition([]byte(record.Key), r.topology.Config.Partitions)
	return r.client.ProduceSync(ctx, &kgo.Record{Topic: record.Topic, Partition: partition, Key: []byte(record.Key),
		Value: record.Value}).FirstErr()
}

// freeAddr finds a port below those that the kernel hands out to clients, one of which might else take it while its
// worker is away.
func freeAddr() (string, error) {
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(20_000+mathrand.IntN(12_000)))
		if l, err := net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", errors.New("no free port found")
}
