package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/bench/workload"
	"github.com/millrace/millrace/test/smoke/fleet"
)

// driver compares sides.
type driver struct {
	options options
	addr    string // of the broker
	cluster *cluster
	dir     string
	runs    int
	work    func(context.Context, job) (report, error)
}

func drive(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "side-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b, err := fleet.Embedded("", filepath.Join(dir, "broker.log"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	addr := b.Addrs[0]
	c, err := dial(addr, int32(o.partitions))
	if err != nil {
		return err
	}
	defer c.client.Close()
	d := &driver{options: o, addr: addr, cluster: c, dir: dir, work: runWorker}
	fmt.Println(heading(o))
	return d.compareAll(ctx)
}

func (d *driver) compareAll(ctx context.Context) error {
	inputs, expected, err := workload.Inputs(d.options.events + d.warm())
	if err != nil {
		return err
	}
	var below []error
	for _, stage := range d.options.stages {
		for _, codec := range d.options.codecs {
			s := workload.Stage(stage)
			r, err := d.compare(ctx, s, codec, inputs[s], expected[s])
			if err != nil {
				return fmt.Errorf("stage %s, codec %s: %w", stage, codec, err)
			}
			fmt.Println(r)
			if least := promised(codec); r.ratio().middle < least {
				below = append(below, fmt.Errorf("stage %s, codec %s: ratio %.2f is below %.1f", stage, codec, r.ratio().middle, least))
			}
		}
	}
	if d.options.measured > 0 {
		if err := d.latencies(ctx); err != nil {
			return err
		}
	}
	if !d.options.check {
		return nil
	}
	return errors.Join(below...)
}

func (d *driver) warm() int { return d.options.events / 10 }

// compare runs all sides on one input, in turns.
func (d *driver) compare(ctx context.Context, stage workload.Stage, codec string, input []workload.Pair, want workload.Expected) (result, error) {
	r := result{stage: stage, codec: codec, runs: map[string][]float64{}}
	codecs, err := workload.Named(codec)
	if err != nil {
		return r, err
	}
	topic := string(stage) + "-" + codec
	if err := d.cluster.fill(ctx, topic, codecs, input); err != nil {
		return r, err
	}
	output, table, err := digests(codecs, want)
	if err != nil {
		return r, err
	}
	for i := range d.options.pairs {
		turn := sides()
		if i%2 == 1 {
			slices.Reverse(turn) // so that no side always comes after the same
		}
		for _, side := range turn {
			j := d.job(side, stage, codec, topic)
			done, err := d.once(ctx, j, output, table)
			if err != nil {
				return r, err
			}
			r.runs[side] = append(r.runs[side], done.perEvent())
		}
	}
	return r, d.cluster.remove(ctx, topic)
}

func (d *driver) job(side string, stage workload.Stage, codec, input string) job {
	d.runs++
	name := fmt.Sprintf("%s-%s-%s-%d", stage, codec, side, d.runs)
	j := job{
		Side: side, Stage: stage, Codec: codec, Broker: d.addr, Dir: filepath.Join(d.dir, name),
		Names: workload.Names{Group: goka.Group(name), Input: goka.Stream(input), Output: goka.Stream(name + "-out")},
		Warm:  int64(d.warm()), All: int64(d.options.events + d.warm()),
	}
	if d.options.profile != "" {
		j.Profile = filepath.Join(d.options.profile, name)
	}
	return j
}

// once does a job and checks what it left on the broker.
func (d *driver) once(ctx context.Context, j job, output, table digest) (report, error) {
	topics := []string{string(j.Names.Output), string(j.Names.Group) + "-table"}
	if err := d.cluster.create(ctx, topics...); err != nil {
		return report{}, err
	}
	r, err := d.work(ctx, j)
	if err != nil {
		return r, fmt.Errorf("%s: %w", j.Side, err)
	}
	got, _, err := d.cluster.read(ctx, topics[0])
	if err != nil {
		return r, err
	}
	_, rows, err := d.cluster.read(ctx, topics[1])
	if err != nil {
		return r, err
	}
	if got != output || rows != table {
		return r, fmt.Errorf("%s: %d emits and %d rows, or their content, are not the %d and %d expected", j.Side, got.records, rows.records, output.records, table.records)
	}
	return r, errors.Join(d.cluster.remove(ctx, topics...), os.RemoveAll(j.Dir))
}

// runWorker runs a job in a process of its own, to its end or until the context's.
func runWorker(ctx context.Context, j job) (report, error) {
	var r report
	spec, err := json.Marshal(j)
	if err != nil {
		return r, err
	}
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, self, workerRole, string(spec))
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Run(); err != nil && !errors.Is(err, context.Canceled) {
		return r, err
	}
	err = json.Unmarshal(out.Bytes(), &r)
	return r, err
}

// digests are those that a right run leaves behind.
func digests(c workload.Codecs, want workload.Expected) (output, table digest, err error) {
	for _, p := range want.Output {
		value, err := c.Encode(p.Value)
		if err != nil {
			return output, table, err
		}
		output.add([]byte(p.Key), value)
	}
	for key, row := range want.Table {
		value, err := c.Encode(row)
		if err != nil {
			return output, table, err
		}
		table.add([]byte(key), value)
	}
	return output, table, nil
}
