package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/span"
	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/processors/budget"
	cataloggroup "github.com/millrace/millrace/processors/catalog"
	"github.com/millrace/millrace/processors/deadletters"
	healthgroup "github.com/millrace/millrace/processors/health"
	"github.com/millrace/millrace/processors/intake"
	"github.com/millrace/millrace/processors/ledger"
	"github.com/millrace/millrace/processors/progress"
	"github.com/millrace/millrace/processors/rewards"
	"github.com/millrace/millrace/processors/routing"
)

// builder makes members that share metrics.
type builder struct {
	config  Config
	metrics *engine.Metrics
	disks   disks
	spans   *span.Spans // nil: none are wanted
}

func newBuilder(ctx context.Context, c Config) (*builder, error) {
	metrics := c.Metrics
	if metrics == nil {
		metrics = engine.NewMetrics(c.Registerer)
	}
	b := &builder{config: c, metrics: metrics, disks: disks{data: c.Data, log: c.Log}}
	if c.Settings.Trace.Endpoint == "" {
		return b, nil
	}
	var err error
	b.spans, err = span.Open(ctx, c.Settings.Trace.Endpoint, c.Log)
	return b, err
}

// lastSpansWithin is how long a stop waits for a collector.
const lastSpansWithin = time.Second

// close ends what members share. Spans that are not sent are no reason to fail.
func (b *builder) close() error {
	if b.spans != nil {
		ctx, cancel := context.WithTimeout(context.Background(), lastSpansWithin)
		defer cancel()
		if err := b.spans.Close(ctx); err != nil {
			b.config.Log.Warn("spans are lost", "error", err)
		}
	}
	return b.disks.close()
}

// part is what a group brings: its graph, and the indexes that follow the tables it looks up.
type part struct {
	graph *goka.GroupGraph
	index map[string]func(key string, value []byte)
	// settle has the program visit the group's rows, once it runs and at each signal; nil: never.
	settle <-chan struct{}
}

func (b *builder) member(name string) (*member, error) {
	part, err := b.part(name)
	if err != nil {
		return nil, err
	}
	s := b.config.Settings
	stores, err := b.disks.open(string(part.graph.Group()) + "-" + slot(s))
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", name, err)
	}
	e, err := engine.New(engine.Config{
		Client: s.Client(), Slot: slot(s), Stores: stores, Partitions: b.config.Topology.Config.Partitions,
		IdleAfter: s.Health.IdleAfter,
		Logger:    b.config.Log, Metrics: b.metrics, Reasons: reasons(), Index: part.index,
		Failpoint: b.config.Failpoint,
		MayStand:  b.config.MayStand,
	})
	if err != nil {
		return nil, err
	}
	processor, err := goka.NewProcessor(s.Brokers, part.graph, e.Options()...)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", name, err)
	}
	return &member{name: string(part.graph.Group()), engine: e, processor: processor, settle: part.settle}, nil
}

// reasons returns the closed list of dead-letter reasons; any group may file any of them.
func reasons() []string {
	all := make([]string, 0, len(payment.Reasons()))
	for _, r := range payment.Reasons() {
		all = append(all, string(r))
	}
	return all
}

func slot(s config.Config) string { return strconv.Itoa(int(s.Run.Slot)) }

// reading hands rows of the catalog to an index. One that cannot be read is in the log, each time that it is written or
// loaded: the group goes on with what it knew before.
func (b *builder) reading(group string, set func(string, []byte) error) func(string, []byte) {
	return func(key string, value []byte) {
		if err := set(key, value); err != nil {
			b.config.Log.Error("a row of the catalog cannot be read, and the group goes on without it", "group", group,
				"key", key, "error", err, "see", "millrace verify")
		}
	}
}

func (b *builder) part(name string) (part, error) {
	t, r, s := b.config.Topology, b.config.Registerer, b.config.Settings
	switch name {
	case "intake":
		cfg := Intake(s)
		return part{graph: intake.Graph(cfg, t, intake.NewMetrics(r))}, cfg.Validate()
	case "ledger":
		cfg := Ledger(s)
		return part{graph: ledger.Graph(cfg, s.Rules(), t, ledger.NewMetrics(r))}, cfg.Validate()
	case "progress":
		cfg := Missions(s)
		index := progress.NewIndex()
		return part{
			graph: progress.Graph(cfg, s.Rules(), t, index, progress.NewMetrics(r)),
			index: map[string]func(string, []byte){string(t.Catalog.Table()): b.reading(name, index.Set)},
		}, cfg.Validate()
	case "budget":
		return part{graph: budget.Graph(t, budget.NewMetrics(r))}, nil
	case "rewards":
		return part{graph: rewards.Graph(s.Approval.Thresholds().Of, s.Rules(), t, rewards.NewMetrics(r))}, nil
	case "health":
		cfg := healthgroup.Config{Settings: Health(s)}
		if b.spans != nil {
			cfg.Trace = b.spans
		}
		index := healthgroup.NewIndex()
		return part{
			graph: healthgroup.Graph(cfg, t, index, healthgroup.NewMetrics(r)),
			index: map[string]func(string, []byte){string(t.Catalog.Table()): b.reading(name, index.Set)},
		}, cfg.Validate()
	case "routing":
		cfg := routing.Config{Settings: Health(s), Triggers: s.Rules()}
		if b.spans != nil {
			cfg.Trace = b.spans
		}
		return part{graph: routing.Graph(cfg, t, routing.NewMetrics(r))}, cfg.Validate()
	case "catalog":
		return part{graph: cataloggroup.Graph(Catalog(s), t, cataloggroup.NewMetrics(r))}, Catalog(s).Validate()
	case "tasks":
		return b.tasks()
	case "deadletters":
		return part{graph: deadletters.Graph(t, deadletters.NewMetrics(r))}, nil
	default:
		return part{}, CheckGroups([]string{name})
	}
}

// Validate returns every problem that the groups find with their settings, joined.
func Validate(s config.Config) error {
	var errs []error
	for _, g := range []struct {
		name string
		err  error
	}{
		{"intake", errors.Join(Intake(s).Validate(), distinctModes(s))}, {"ledger", Ledger(s).Validate()},
		{"progress", Missions(s).Validate()}, {"health", Health(s).Validate()},
		{"triggers", s.Rules().Validate()}, {"tasks.kinds", kindsOf(s)},
	} {
		if g.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", g.name, g.err))
		}
	}
	return errors.Join(errs...)
}

// Intake returns the intake group's settings.
func Intake(s config.Config) intake.Config {
	c := intake.DefaultConfig()
	c.FutureBound, c.Declines = s.Intake.FutureBound, s.Intake.DeclineCodes
	// names of payments are compared in NFC, and so are those that the file writes
	if s.Intake.HealthInstruments != nil {
		c.HealthInstruments = map[string][]string{}
	}
	for mode, fields := range s.Intake.HealthInstruments {
		named := make([]string, len(fields))
		for i, field := range fields {
			named[i] = doc.Text(field)
		}
		c.HealthInstruments[doc.Text(mode)] = named
	}
	return c
}

// distinctModes returns an error if two modes of a setting are one name.
func distinctModes(s config.Config) error {
	if len(Intake(s).HealthInstruments) < len(s.Intake.HealthInstruments) {
		return errors.New("health_instruments: a mode is there twice, in two forms of Unicode (names are compared in NFC): write it once")
	}
	return nil
}

// Ledger returns the ledger group's settings.
func Ledger(s config.Config) ledger.Config {
	c := ledger.DefaultConfig()
	c.PendingTimeout, c.Retention = s.Ledger.PendingTimeout, s.Ledger.Retention
	return c
}

func kindsOf(s config.Config) error {
	_, err := s.TaskKinds()
	return err
}

// Health returns the settings of the health and routing groups. Windows longer than an hour lengthen the correction
// horizon along, so that it always spans some windows.
func Health(s config.Config) health.Settings {
	h := health.DefaultSettings()
	h.Window, h.Advance, h.Grace, h.CountTimeouts = s.Health.Window, s.Health.Advance, s.Health.Grace,
		s.Health.CountTimeouts
	h.Probing, h.Policy = s.Health.Probing, s.Health.Policy
	if least := 24 * (h.Window + h.Grace); h.CorrectionHorizon < least {
		h.CorrectionHorizon, h.Keep = least, 2*least
	}
	return h
}

// Catalog returns the settings of the catalog group.
func Catalog(s config.Config) catalog.Config {
	c := catalog.DefaultConfig()
	c.Health, c.Approval = Health(s), s.Approval.Thresholds()
	return c
}

// Missions returns the settings of the progress group.
func Missions(s config.Config) mission.Config {
	c := mission.DefaultConfig()
	c.ReorderHorizon = s.Progress.ReorderHorizon
	return c
}
