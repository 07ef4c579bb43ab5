package audit_test

import (
	"context"
	"io"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/cluster"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/topology"
)

// still are topics that no group writes: what is there the test has put there.
type still struct {
	t        *testing.T
	client   engine.ClientConfig
	topology *topology.Topology
	admin    *cluster.Admin
}

func newStill(t *testing.T) *still {
	b, err := embedded.Start(embedded.Config{})
	s := &still{t: t, topology: topology.New(topology.Config{Partitions: 1, Replication: 1})}
	s.check(err)
	t.Cleanup(func() { s.check(b.Close()) })
	s.client = engine.ClientConfig{Brokers: []string{b.Addr()}}
	s.admin, err = cluster.Connect(s.client)
	s.check(err)
	t.Cleanup(s.admin.Close)
	s.apply()
	return s
}

func (s *still) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// apply creates topics that are missing.
func (s *still) apply() {
	s.t.Helper()
	_, err := cluster.Apply(s.t.Context(), s.admin, s.topology.Topics())
	s.check(err)
}

func (s *still) put(topic, key string, value []byte) {
	s.t.Helper()
	writer, err := kgo.NewClient(kgo.SeedBrokers(s.client.Brokers...)) // one that has not met the topic before it was made anew
	s.check(err)
	defer writer.Close()
	s.check(writer.ProduceSync(s.t.Context(), &kgo.Record{Topic: topic, Key: []byte(key), Value: value}).FirstErr())
}

func encoded[T any](s *still, value T, encode func(T) ([]byte, error)) []byte {
	s.t.Helper()
	b, err := encode(value)
	s.check(err)
	return b
}

func sums(of map[string]int64) []byte {
	all := sum.Sums{}
	for name, n := range of {
		all.Add(name, big.NewInt(n))
	}
	return all.Append(nil)
}

// settle puts a payment of 500 there as the groups would have left it.
func (s *still) settle() {
	s.t.Helper()
	t := s.topology
	facts := payment.Facts{TransactionID: "t1", UserID: "u1", AmountMinor: 500, Currency: "INR"}
	posting := &ledger.Posting{Facts: facts, Kind: ledger.PaymentSettled, EventID: "e1", Seq: 1, NetAfter: 500, At: 1_772_359_200_000}
	s.put(t.Postings.Name, "u1", encoded(s, posting, ledgercodec.Posting{}.Encode))
	row := &ledger.Row{Facts: facts, Status: payment.Success, PostingSeq: 1, LastAt: posting.At}
	s.put(string(t.Ledger.Table()), "t1", encoded(s, row, ledgercodec.Row{}.Encode))
	s.put(string(t.Ledger.Table()), sum.Key, sums(map[string]int64{topology.SettledSum("INR"): 500}))
	user := &mission.UserRow{Received: []mission.Received{{Currency: "INR", Net: money.TotalOf(500)}}}
	s.put(string(t.Progress.Table()), "u1", encoded(s, user, missioncodec.UserRow{}.Encode))
	s.put(string(t.Progress.Table()), sum.Key, sums(map[string]int64{topology.ReceivedSum("INR"): 500, topology.CreditedSum("INR"): 500}))
	s.handled()
}

// handled has progress say that it has read all postings.
func (s *still) handled() {
	s.put(string(s.topology.Progress.Table()), position.Key, position.Position{s.topology.Postings.Name: 1}.Append(nil))
}

func (s *still) config() audit.Config {
	return audit.Config{Client: s.client, Topology: s.topology, Settle: 120 * time.Millisecond, Every: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func (s *still) view(ctx context.Context, table string) *engine.View {
	s.t.Helper()
	v, err := engine.NewView(engine.ViewConfig{Client: s.client, Table: table, Partitions: 1})
	s.check(err)
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	s.t.Cleanup(func() { s.check(<-ended) })
	s.check(v.WaitRecovered(s.t.Context()))
	return v
}

func counter(t *testing.T, r prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	t.Fatal("no metric " + name)
	return 0
}

// After a table's topic was deleted and made anew the running audit begins anew on it, says nothing before it can, and
// then says what is gone.
func TestWatchBeginsAnewOnATopicMadeAnew(t *testing.T) {
	s := newStill(t)
	s.settle()
	registry := prometheus.NewRegistry()
	m, c := audit.NewMetrics(registry), s.config()
	ledgers, users := string(s.topology.Ledger.Table()), string(s.topology.Progress.Table())
	c.Ledgers, c.Users = s.view(t.Context(), ledgers), s.view(t.Context(), users)
	watch(t, c, m)
	until := func(what string, ok func() bool) {
		t.Helper()
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for deadline := time.After(30 * time.Second); !ok(); {
			select {
			case <-deadline:
				t.Fatalf("%s: %+v", what, m.State())
			case <-ticker.C:
			}
		}
	}
	until("sound", func() bool { state := m.State(); return state.Judged && len(state.Difference) == 0 })
	if since := time.Since(time.UnixMilli(int64(1000 * counter(t, registry, "millrace_conservation_walked_timestamp_seconds")))); since < 0 || since > time.Minute {
		t.Errorf("all rows were held against the sums %s ago", since)
	}
	_, err := s.admin.DeleteTopics(t.Context(), users)
	s.check(err)
	s.apply()
	until("begun anew", func() bool {
		return counter(t, registry, "millrace_conservation_restarts_total") >= 1 && !m.State().Judged
	})
	checked := counter(t, registry, "millrace_conservation_checked_timestamp_seconds")
	if state := m.State(); state.Judged || counter(t, registry, "millrace_conservation_checked_timestamp_seconds") != checked {
		t.Errorf("it claims to have checked what nobody has handled: %+v", state)
	}
	s.handled()
	until("500 are gone", func() bool {
		state := m.State()
		return state.Judged && state.Difference["INR"] != nil && state.Difference["INR"].Int64() == 500
	})
}

// A record that nobody can read is named, and what else is wrong is found all the same, whatever topic it lies in.
func TestUnreadableRecordsHideNothing(t *testing.T) {
	s := newStill(t)
	s.settle()
	table := string(s.topology.Ledger.Table())
	junk := []byte{0xff, 0xfe, 1, 2, 3, 4, 5}
	names := map[string]bool{}
	for _, spec := range s.topology.Topics() {
		if spec.Foreign {
			continue
		}
		s.put(spec.Name, "junk", junk)
		names[spec.Name] = true
	}
	s.put(table, "t1", nil) // a real loss beside them
	report, err := audit.Verify(t.Context(), s.config())
	s.check(err)
	if report.OK {
		t.Error("all is well")
	}
	found := map[string]string{}
	for _, c := range report.Checks {
		found[c.Name] = strings.Join(c.Evidence, "\n")
	}
	if !strings.Contains(found[audit.Conservation], "500 INR") {
		t.Errorf("conservation: %q", found[audit.Conservation])
	}
	top := s.topology
	for _, name := range []string{
		table, string(top.Progress.Table()), string(top.Budget.Table()), string(top.Rewards.Table()), top.Postings.Name, top.Journal.Name, top.Outcomes.Name,
		top.RewardsIn.Name, top.BudgetReturns.Name, top.Erasures.Name, top.Enrolments.Name, top.UserSegments.Name, top.HealthWindows.Name, top.HealthCorrections.Name,
		top.Ledger.Name + "-timers",
	} {
		if !names[name] || !strings.Contains(found[audit.Records], name+"-0-") {
			t.Errorf("%s is not among %q", name, found[audit.Records])
		}
	}
	if !strings.Contains(found[audit.Records], `key "junk"`) {
		t.Error("no key is named")
	}
}
