package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/test/smoke/fleet"
	"github.com/millrace/millrace/topology"
)

// deployment is the services of compose.yaml as processes of this machine. What a container has for itself (host name,
// ports, volumes) is mapped to loopback and to folders of the run; commands and variables are the file's own, and
// nothing is added.
type deployment struct {
	repository, dir string
	services        map[string]*service
	image           dockerfile
	binary          string
	broker          *fleet.Broker
	client          *kgo.Client
	topology        *topology.Topology
	workers         map[string]*fleet.Worker
	provider        *provider // whom the worker calls
	log             *log.Logger

	mu    sync.Mutex
	addrs map[string]string // by host:port of the compose network
	ended []string          // processes that ended by themselves
}

// stopWithin is compose's stop_grace_period.
const stopWithin = 30 * time.Second

func newDeployment(repository, dir string, logger *log.Logger) (*deployment, error) {
	d := &deployment{
		repository: repository, dir: dir, log: logger, workers: map[string]*fleet.Worker{}, addrs: map[string]string{},
		binary: filepath.Join(dir, "millrace"), topology: topology.New(topology.DefaultConfig()),
	}
	var err error
	if d.services, err = readCompose(filepath.Join(repository, "compose.yaml")); err != nil {
		return nil, err
	}
	if d.image, err = readDockerfile(filepath.Join(repository, "deploy", "Dockerfile")); err != nil {
		return nil, err
	}
	d.employ()
	return d, d.keys()
}

// The release that the image's build is told, and must print.
const release, commit = "v0.0.0-watch", "0123abcd"

// build makes the binary by the image's own command.
func (d *deployment) build(ctx context.Context) error {
	command := strings.Replace(d.image.build, "-o "+d.image.entrypoint+" ", "-o "+d.binary+" ", 1)
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir, cmd.Env = d.repository, append(os.Environ(), "VERSION="+release, "COMMIT="+commit)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", command, err, out)
	}
	out, err := exec.CommandContext(ctx, d.binary, "--version").Output()
	if err != nil || !strings.Contains(string(out), release) || !strings.Contains(string(out), commit) {
		return errors.Join(fmt.Errorf("the image's binary calls itself %q, not %s of %s", out, release, commit), err)
	}
	return nil
}

// keys makes the pair of keys where compose.yaml says that an operator puts them. Both lie there, as who follows an
// older guide has them; no service may see the private one.
func (d *deployment) keys() error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	open, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	dir := d.host("./deploy/keys")
	return errors.Join(
		os.MkdirAll(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "private.pem"),
			pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
		os.WriteFile(filepath.Join(dir, "public.pem"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open}),
			0o644))
}

// host returns what stands for the source of a volume: a named volume, or a path beside compose.yaml.
func (d *deployment) host(source string) string {
	if rest, ok := strings.CutPrefix(source, "./"); ok {
		return filepath.Join(d.dir, "beside", filepath.FromSlash(rest))
	}
	return filepath.Join(d.dir, "volumes", source)
}

// addr returns the address that stands for a port of a service.
func (d *deployment) addr(name, port string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := net.JoinHostPort(name, port)
	if d.addrs[at] == "" {
		free, err := freeAddr()
		if err != nil {
			return "", err
		}
		d.addrs[at] = free
	}
	return d.addrs[at], nil
}

// freeAddr finds a port below those that the kernel hands out to clients.
func freeAddr() (string, error) {
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(20_000+mathrand.IntN(12_000)))
		if l, err := net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", errors.New("no free port found")
}

// here translates a word of a command or the value of a variable of a service from its container to this machine.
func (d *deployment) here(name, word string) (string, error) {
	if host, port, err := net.SplitHostPort(word); err == nil {
		switch {
		case host == "0.0.0.0" || host == "127.0.0.1":
			return d.addr(name, port)
		case d.services[host] != nil:
			return d.addr(host, port)
		}
	}
	for _, v := range d.services[name].Volumes {
		if rest, ok := strings.CutPrefix(word, v.Target); ok && (rest == "" || rest[0] == '/') {
			return d.host(v.Source) + filepath.FromSlash(rest), nil
		}
	}
	return word, nil
}

// command returns a command of a service as this machine runs it.
func (d *deployment) command(name string, words ...string) (args, env []string, err error) {
	s := d.services[name]
	for _, w := range words {
		arg, e := d.here(name, w)
		args, err = append(args, arg), errors.Join(err, e)
	}
	for key, value := range s.Environment {
		v, e := d.here(name, value)
		env, err = append(env, key+"="+v), errors.Join(err, e)
	}
	slices.Sort(env)
	return args, env, err
}

// run runs the binary as a service does, to its end, and returns what it printed.
func (d *deployment) run(ctx context.Context, name string, words ...string) (string, error) {
	args, env, err := d.command(name, words...)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, d.binary, args...)
	cmd.Dir, cmd.Env = d.dir, append([]string{"HOME=" + d.dir}, env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: millrace %s: %w\n%s", name, strings.Join(args, " "), err, out.String())
	}
	return out.String(), nil
}

// up starts a service and returns once its own health check is content.
func (d *deployment) up(ctx context.Context, name string) error {
	s := d.services[name]
	if s.ends() {
		_, err := d.run(ctx, name, s.Command...)
		return err
	}
	if d.workers[name] == nil {
		args, env, err := d.command(name, s.Command...)
		if err != nil {
			return err
		}
		for _, v := range s.Volumes {
			if !strings.HasPrefix(v.Source, "./") {
				err = errors.Join(err, os.MkdirAll(d.host(v.Source), 0o755))
			}
		}
		if err != nil {
			return err
		}
		d.workers[name] = fleet.NewWorker(name, 0, fleet.Command{
			Path: d.binary, Args: args, Env: env, Dir: filepath.Join(d.dir, "work", name),
		}, stopWithin, d.report)
	}
	if err := d.workers[name].Start(); err != nil {
		return err
	}
	return d.healthy(ctx, name)
}

func (d *deployment) report(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.log.Print(text)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = append(d.ended, text)
}

// healthy waits for a service's health check.
func (d *deployment) healthy(ctx context.Context, name string) error {
	test := d.services[name].Healthcheck.Test
	if len(test) < 2 || test[0] != "CMD" || test[1] != d.image.entrypoint {
		return fmt.Errorf("%s: health check %q is not of the form CMD %s", name, test, d.image.entrypoint)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return until(ctx, func() error {
		_, err := d.run(ctx, name, test[2:]...)
		return err
	})
}

// start starts the broker and every service but those of a profile.
func (d *deployment) start(ctx context.Context) error {
	order, err := started(d.services)
	if err != nil {
		return err
	}
	if err := d.openBroker(); err != nil {
		return err
	}
	for _, name := range order {
		if len(d.services[name].Profiles) > 0 {
			continue
		}
		if err := d.up(ctx, name); err != nil {
			return err
		}
	}
	return errors.Join(d.secret(), d.published(ctx))
}

// openBroker starts a broker in a process of its own. It stands for the service kafka, whatever port that is asked on.
func (d *deployment) openBroker() (err error) {
	if d.broker, err = fleet.Embedded("", filepath.Join(d.dir, "broker.log")); err != nil {
		return err
	}
	for name, s := range d.services {
		if !strings.HasPrefix(s.Image, "apache/kafka:") {
			continue
		}
		for _, part := range strings.Split(s.Environment["KAFKA_ADVERTISED_LISTENERS"], ",") {
			_, at, _ := strings.Cut(part, "://")
			if host, port, err := net.SplitHostPort(at); err == nil && host == name {
				d.addrs[net.JoinHostPort(name, port)] = d.broker.Addrs[0]
			}
		}
	}
	d.client, err = kgo.NewClient(kgo.SeedBrokers(d.broker.Addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	return err
}

// secret returns an error if a service sees a private key.
func (d *deployment) secret() error {
	var errs []error
	for name, s := range d.services {
		for _, v := range s.Volumes {
			errs = append(errs, filepath.WalkDir(d.host(v.Source), func(path string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return nil //nolint:nilerr // what is not there cannot be seen
				}
				if raw, err := os.ReadFile(path); err == nil && bytes.Contains(raw, []byte("PRIVATE KEY")) {
					return fmt.Errorf("service %s sees a private key: %s", name, v.Source)
				}
				return nil
			}))
		}
	}
	return errors.Join(errs...)
}

// published returns an error unless every port that compose opens to the outside answers, and shows no more than it
// should.
func (d *deployment) published(ctx context.Context) error {
	for name, s := range d.services {
		for _, p := range s.Ports {
			if !s.ours() {
				continue
			}
			addr, err := d.addr(name, p[strings.LastIndex(p, ":")+1:])
			if err != nil {
				return err
			}
			for path, want := range map[string]int{"/livez": http.StatusOK, "/metrics": http.StatusNotFound,
				"/debug/pprof/": http.StatusNotFound} {
				if got, err := status(ctx, "http://"+addr+path); err != nil || got != want {
					return errors.Join(fmt.Errorf("%s: %s on the published port %s: %d, want %d", name, path, p, got,
						want), err)
				}
			}
		}
	}
	return nil
}

// stop ends everything, and returns an error if a process had not run on or did not stop as it should.
func (d *deployment) stop() error {
	for _, w := range d.workers {
		w.Stop()
	}
	d.provider.Close()
	if d.client != nil {
		d.client.Close()
	}
	var errs []error
	if d.broker != nil {
		errs = append(errs, d.broker.Stop())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, text := range d.ended {
		errs = append(errs, errors.New(text))
	}
	left, err := filepath.Glob(filepath.Join(d.dir, "work", "*", "*"))
	if len(left) > 0 { // a container's file system is read-only but for its volumes
		err = errors.Join(err, fmt.Errorf("processes wrote outside of their volumes: %v", left))
	}
	return errors.Join(append(errs, err)...)
}
