package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/bench/workload"
)

// options are the flags.
type options struct {
	events     int
	pairs      int
	partitions int
	stages     []string
	codecs     []string
	measured   time.Duration // of latency; 0: not at all
	check      bool
	profile    string
}

func parse(args []string) (options, error) {
	var o options
	var stages, codecs string
	f := flag.NewFlagSet("side", flag.ContinueOnError)
	f.IntVar(&o.events, "events", 400_000, "events of each run, after a warm-up of a tenth of them")
	f.IntVar(&o.pairs, "pairs", 5, "pairs of runs for each stage and codec")
	f.IntVar(&o.partitions, "partitions", 12, "partitions of every topic; Millrace's own have 12")
	f.StringVar(&stages, "stages", "ledger,progress", "stages to compare")
	f.StringVar(&codecs, "codecs", strings.Join(workload.CodecNames(), ","), "codecs to compare by")
	f.DurationVar(&o.measured, "latency", 10*time.Second, "how long latency is measured; 0: not at all")
	f.BoolVar(&o.check, "check", false, "exit 1 if a ratio is below what is promised")
	f.StringVar(&o.profile, "profile", "", "directory for CPU and allocation profiles of the workers")
	if err := f.Parse(args); err != nil {
		return o, flag.ErrHelp // it was said
	}
	o.stages, o.codecs = list(stages), list(codecs)
	return o, o.validate()
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func (o options) validate() error {
	var errs []error
	for _, s := range o.stages {
		if !slices.Contains(workload.Stages(), workload.Stage(s)) {
			errs = append(errs, fmt.Errorf("stage %q: one of %v", s, workload.Stages()))
		}
	}
	for _, c := range o.codecs {
		if _, err := workload.Named(c); err != nil {
			errs = append(errs, err)
		}
	}
	if o.events < 1000 || o.pairs < 1 || o.partitions < 1 {
		errs = append(errs, errors.New("at least 1,000 events, a pair and a partition are needed"))
	}
	return errors.Join(errs...)
}

// promised is the least ratio of each codec (issue 3).
func promised(codec string) float64 {
	if codec == "binary" {
		return 3.5
	}
	return 3
}
