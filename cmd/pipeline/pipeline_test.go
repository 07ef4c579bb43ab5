package pipeline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/engine/embedded"
	healthgroup "github.com/millrace/millrace/processors/health"
	"github.com/millrace/millrace/processors/intake"
	"github.com/millrace/millrace/processors/ledger"
	"github.com/millrace/millrace/processors/progress"
	"github.com/millrace/millrace/processors/routing"
	"github.com/millrace/millrace/topology"
)

// The defaults that the configuration states are those of the processors.
func TestDefaultsAreTheProcessors(t *testing.T) {
	s := config.Default()
	for name, diff := range map[string]string{
		"intake":   cmp.Diff(intake.DefaultConfig(), Intake(s)),
		"ledger":   cmp.Diff(ledger.DefaultConfig(), Ledger(s)),
		"progress": cmp.Diff(progress.DefaultConfig(), Missions(s)),
		"health":   cmp.Diff(healthgroup.DefaultConfig().Settings, Health(s)),
		"routing":  cmp.Diff(routing.DefaultConfig().Settings, Health(s)),
		"topology": cmp.Diff(topology.DefaultConfig(), s.Topology()),
	} {
		if diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if err := Validate(s); err != nil {
		t.Error(err)
	}
}

// The names in health_instruments meet those of payments, which are in NFC, whatever form the file has.
func TestHealthInstrumentsAreComparedInNFC(t *testing.T) {
	const composed, decomposed = "caf\u00e9", "cafe\u0301"
	s := config.Default()
	s.Intake.HealthInstruments = map[string][]string{decomposed: {"attributes." + decomposed}}
	want := map[string][]string{composed: {"attributes." + composed}}
	if diff := cmp.Diff(want, Intake(s).HealthInstruments); diff != "" {
		t.Error(diff)
	}
	s.Intake.HealthInstruments[composed] = []string{"gateway"}
	if err := Validate(s); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("one mode in two forms: %v", err)
	}
}

func TestSettingsReachTheProcessors(t *testing.T) {
	s := config.Default()
	s.Intake = config.Intake{FutureBound: time.Second, HealthInstruments: map[string][]string{"upi": {"gateway"}}, DeclineCodes: map[string]string{"X1": "business"}}
	s.Ledger = config.Ledger{PendingTimeout: 2 * time.Second, Retention: 3 * time.Hour}
	s.Progress.ReorderHorizon = 4 * time.Hour
	s.Health = config.Health{Window: 5 * time.Second, Grace: 6 * time.Second, CountTimeouts: false, Probing: true, Policy: "best"}
	if diff := cmp.Diff(intake.Config{FutureBound: time.Second, HealthInstruments: s.Intake.HealthInstruments, Declines: s.Intake.DeclineCodes}, Intake(s)); diff != "" {
		t.Errorf("intake: %s", diff)
	}
	if diff := cmp.Diff(ledger.Config{PendingTimeout: 2 * time.Second, Retention: 3 * time.Hour}, Ledger(s)); diff != "" {
		t.Errorf("ledger: %s", diff)
	}
	s.Triggers = []config.Trigger{{On: "payment_settled", Kind: "thank", Delay: time.Minute, Priority: 3, Dedupe: "user"}}
	wanted := task.Rules{{On: task.PaymentSettled, Kind: "thank", Delay: time.Minute, Priority: 3, Dedupe: task.ByUser}}
	if diff := cmp.Diff(wanted, s.Rules()); diff != "" {
		t.Errorf("triggers: %s", diff)
	}
	s.Triggers = append(s.Triggers, config.Trigger{On: "never", Kind: "thank"})
	if err := Validate(s); err == nil || !strings.Contains(err.Error(), "triggers: 1: on \"never\"") {
		t.Errorf("a trigger that there is not: %v", err)
	}
	s.Triggers[1] = config.Trigger{On: "state_changed", Kind: "thank", Dedupe: "user"}
	if err := Validate(s); err == nil || !strings.Contains(err.Error(), "triggers: 1: dedupe \"user\": write place, state or event") {
		t.Errorf("a scope that the trigger has not: %v", err)
	}
	if got := Missions(s).ReorderHorizon; got != 4*time.Hour {
		t.Errorf("reorder horizon %v", got)
	}
	want := health.DefaultSettings()
	want.Window, want.Grace, want.CountTimeouts, want.Probing, want.Policy = 5*time.Second, 6*time.Second, false, true, "best"
	if diff := cmp.Diff(want, Health(s)); diff != "" {
		t.Errorf("health: %s", diff)
	}
}

func TestLongWindowsAreValid(t *testing.T) {
	s := config.Default()
	for _, window := range []time.Duration{time.Second, time.Hour, 24 * time.Hour} {
		s.Health.Window = window
		if err := Validate(s); err != nil {
			t.Errorf("%v: %v", window, err)
		}
		if h := Health(s); h.CorrectionHorizon < 24*window {
			t.Errorf("%v: corrections only for %v", window, h.CorrectionHorizon)
		}
	}
}

func TestValidateListsEveryProblem(t *testing.T) {
	s := config.Default()
	s.Intake.HealthInstruments = map[string][]string{"upi": {"colour"}}
	s.Ledger.Retention = s.Ledger.PendingTimeout
	s.Progress.ReorderHorizon = time.Second
	s.Health.Grace = -time.Second
	err := Validate(s)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"intake: health_instruments", "ledger: retention", "progress: reorder horizon", "health: "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in:\n%v", want, err)
		}
	}
}

// Each group of the topology has a part, and its graph is the group's.
func TestEveryGroupHasAPart(t *testing.T) {
	top := topology.New(topology.Config{Prefix: "p.", Partitions: 2, Replication: 1})
	b := &builder{config: Config{Settings: config.Default(), Topology: top, Registerer: prometheus.NewRegistry()}}
	for _, g := range top.Groups() {
		p, err := b.part(g.ID)
		if err != nil {
			t.Errorf("%s: %v", g.ID, err)
		} else if got := string(p.graph.Group()); got != g.Name {
			t.Errorf("%s is %s", g.ID, got)
		}
	}
	if err := CheckGroups(topology.GroupIDs()); err != nil {
		t.Error(err)
	}
	err := CheckGroups([]string{"ledger", "legder", "Health"})
	if err == nil || !strings.Contains(err.Error(), `"legder" is no group; the groups are intake, ledger,`) || !strings.Contains(err.Error(), `"Health"`) {
		t.Errorf("got %v", err)
	}
}

func TestStartRefuses(t *testing.T) {
	s := config.Default()
	s.Progress.ReorderHorizon = time.Second
	_, err := Start(t.Context(), Config{Settings: s, Topology: topology.New(s.Topology()), Groups: []string{"progress", "nonsense"}})
	if err == nil || !strings.Contains(err.Error(), "reorder horizon") || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v", err)
	}
}

// A group that cannot begin stops the others, and Ready says why.
func TestReadyTellsWhatStoppedThePipeline(t *testing.T) {
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	s := config.Default()
	s.Brokers, s.Replication = []string{b.Addr()}, 1
	c := Config{Settings: s, Topology: topology.New(s.Topology()), Groups: []string{"ledger", "routing"}}
	if _, err := Start(t.Context(), c); err == nil || !strings.Contains(err.Error(), "transactions does not exist") || !strings.Contains(err.Error(), "health-scores does not exist") {
		t.Errorf("start without inputs: %v", err)
	}
	createInputs(t, c)
	p, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"ready": p.Ready(t.Context()), "stop": p.Stop()} {
		if err == nil || !strings.Contains(err.Error(), "group ledger stopped") && !strings.Contains(err.Error(), "group routing stopped") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p.IsReady() {
		t.Error("it calls itself ready")
	}
	<-p.Done()
}

// createInputs makes what the groups read and their tables, but none of their outputs.
func createInputs(t *testing.T, c Config) {
	t.Helper()
	adm, err := cluster.Connect(c.Settings.Client())
	if err != nil {
		t.Fatal(err)
	}
	defer adm.Close()
	var read []string
	for _, g := range c.Topology.Groups() {
		if slices.Contains(c.Groups, strings.TrimPrefix(g.Name, c.Topology.Config.Prefix)) {
			read = append(read, g.Inputs...)
		}
	}
	inputs := slices.DeleteFunc(c.Topology.Topics(), func(s topology.Spec) bool {
		return s.Kind != topology.Table && !slices.Contains(read, s.Name)
	})
	if _, err := cluster.Apply(t.Context(), adm, inputs); err != nil {
		t.Fatal(err)
	}
}
