package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/asof"
	"github.com/millrace/millrace/views/token"
)

// minKey has the FNV-1a hash 0x80000000, whose absolute value is no int32: goka's View.find panics at it.
const minKey = "user-dwthxge"

// fixture is a broker with all topics, and servers on it.
type fixture struct {
	t        *testing.T
	settings config.Config
	topology *topology.Topology
	client   *kgo.Client
	verifier *token.Verifier
	bearer   string // a panel admin and service
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, settings: config.Default()}
	f.settings.Brokers, f.settings.Partitions, f.settings.Replication = []string{b.Addr()}, 3, 1
	f.topology = topology.New(f.settings.Topology())
	f.client, err = kgo.NewClient(kgo.SeedBrokers(b.Addr()))
	f.check(err)
	t.Cleanup(func() {
		f.client.Close()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	_, err = kadm.NewClient(f.client).CreateTopics(t.Context(), f.settings.Partitions, 1, nil, cluster.Tables(f.topology)...)
	f.check(err)
	signer, err := token.Secret([]byte(strings.Repeat("s", 32)))
	f.check(err)
	f.verifier, err = token.NewVerifier(token.Config{Issuer: "i", Audience: "a", Keys: []token.Key{signer.Key}})
	f.check(err)
	minter, err := token.NewMinter(token.MinterConfig{Issuer: "i", Audience: "a", Signer: signer})
	f.check(err)
	f.bearer, err = minter.Mint("backend", []token.Role{token.Admin, token.Service}, time.Hour)
	f.check(err)
	return f
}

// createStreams creates every topic but the tables, which are there.
func (f *fixture) createStreams() {
	f.t.Helper()
	compact := "compact"
	for _, spec := range f.topology.Topics() {
		var config map[string]*string
		if spec.Cleanup == compact {
			config = map[string]*string{"cleanup.policy": &compact}
		}
		if spec.Kind != topology.Table {
			_, err := kadm.NewClient(f.client).CreateTopic(f.t.Context(), f.settings.Partitions, 1, config, spec.Name)
			f.check(err)
		}
	}
}

func (f *fixture) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) serve(change ...func(*Config)) *Server {
	f.t.Helper()
	c := Config{Settings: f.settings, Topology: f.topology, Listen: "127.0.0.1:0", Verifier: f.verifier, Log: slog.New(slog.DiscardHandler)}
	for _, fn := range change {
		fn(&c)
	}
	s, err := Start(c)
	f.check(err)
	f.t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

func (f *fixture) get(s *Server, path string, query ...string) (int, http.Header, map[string]any) {
	f.t.Helper()
	values := url.Values{}
	for i := 0; i < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, "http://"+s.Addr().String()+path+"?"+values.Encode(), nil)
	f.check(err)
	r.Header.Set("Authorization", "Bearer "+f.bearer)
	resp, err := http.DefaultClient.Do(r)
	f.check(err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	f.check(err)
	body := map[string]any{}
	if err := json.Unmarshal(raw, &body); err != nil {
		f.t.Fatalf("%s: %v: %s", path, err, raw)
	}
	return resp.StatusCode, resp.Header, body
}

// now is the token of all that is committed.
func (f *fixture) now() string {
	f.t.Helper()
	listed, err := kadm.NewClient(f.client).ListEndOffsets(f.t.Context(), cluster.Tables(f.topology)...)
	f.check(err)
	ends := map[string]map[int32]int64{}
	listed.Each(func(o kadm.ListedOffset) {
		if ends[o.Topic] == nil {
			ends[o.Topic] = map[int32]int64{}
		}
		ends[o.Topic][o.Partition] = o.Offset
	})
	return asof.Changelogs(ends).Encode()
}

// caughtUp returns once the server shows all of it.
func (f *fixture) caughtUp(s *Server) {
	f.t.Helper()
	f.check(s.Recovered(f.t.Context()))
	if status, _, body := f.get(s, "/readyz", "min_as_of", f.now()); status != http.StatusOK {
		f.t.Fatalf("readyz: %d %v", status, body)
	}
}

// writer writes tables in transactions, as processors do.
type writer struct {
	f      *fixture
	client *kgo.Client
}

func (f *fixture) writer(id string) *writer {
	f.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.settings.Brokers...), kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	f.check(err)
	f.t.Cleanup(client.Close)
	return &writer{f, client}
}

func (w *writer) begin() { w.f.check(w.client.BeginTransaction()) }

func (w *writer) end(commit kgo.TransactionEndTry) {
	w.f.check(w.client.EndTransaction(context.Background(), commit))
}

func (w *writer) at(table string, partition int32, key string, value []byte) {
	w.f.check(w.client.ProduceSync(context.Background(), &kgo.Record{Topic: table, Partition: partition, Key: []byte(key), Value: value}).FirstErr())
}

func (w *writer) put(table, key string, value []byte) {
	w.at(table, stream.Partition([]byte(key), w.f.settings.Partitions), key, value)
}

// payment returns the ledger's row of a payment.
func (f *fixture) payment(id string, minor int64) []byte {
	f.t.Helper()
	facts := payment.Facts{
		TransactionID: id, UserID: "u", AmountMinor: minor, Currency: "INR", Mode: "upi", Instrument: "sbi", Gateway: "g", CreatedAt: instant.Of(time.Unix(1_700_000_000, 0)),
	}
	row, _ := ledger.Apply(nil, &payment.Event{Facts: facts, ID: "e", Type: payment.Payment, Status: payment.Success, UpdatedAt: facts.CreatedAt}, 0, ledger.DefaultConfig())
	value, err := f.topology.Ledger.Row.Encode(row)
	f.check(err)
	return value
}

// Whatever transactions do, what HTTP answers is the fold of what they committed.
func TestAnswersAreTheFoldOfTheChangelog(t *testing.T) {
	f := newFixture(t)
	s := f.serve()
	table := string(f.topology.Ledger.Table())
	writers := []*writer{f.writer("0"), f.writer("1")}
	want, keys := map[string]int64{}, []string{"t1", "t2", minKey, "a/b c%", "ü"}
	rapid.Check(t, func(r *rapid.T) {
		open := []map[string]int64{nil, nil} // what each transaction writes; 0 deletes
		for range rapid.IntRange(1, 6).Draw(r, "steps") {
			i := rapid.IntRange(0, 1).Draw(r, "writer")
			if open[i] == nil {
				writers[i].begin()
				open[i] = map[string]int64{}
			}
			key := rapid.SampledFrom(keys[i*2:i*2+2+i]).Draw(r, "key") // each writes its own, as owners of partitions do
			minor := rapid.Int64Range(0, 1000).Draw(r, "amount")
			var value []byte
			if minor > 0 {
				value = f.payment(key, minor)
			}
			writers[i].put(table, key, value)
			open[i][key] = minor
		}
		for i, changes := range open {
			switch {
			case changes == nil:
			case rapid.Bool().Draw(r, "commit"):
				writers[i].end(kgo.TryCommit)
				for key, minor := range changes {
					want[key] = minor
				}
			default:
				writers[i].end(kgo.TryAbort)
			}
		}
		f.caughtUp(s)
		for _, key := range keys {
			status, _, body := f.get(s, "/v1/panel/transactions/"+url.PathEscape(key))
			switch {
			case want[key] == 0 && status != http.StatusNotFound:
				r.Fatalf("%s: %d %v, not missing", key, status, body)
			case want[key] > 0 && (status != http.StatusOK || body["amount"] != float64(want[key]) || body["transaction_id"] != key):
				r.Fatalf("%s: %d %v, want %d", key, status, body, want[key])
			}
		}
	})
}

func TestCraftedKeysOverHTTP(t *testing.T) {
	f := newFixture(t)
	w := f.writer("w")
	w.begin()
	w.put(string(f.topology.Ledger.Table()), minKey, f.payment(minKey, 700))
	for _, table := range []string{string(f.topology.Ledger.Table()), string(f.topology.Progress.Table())} {
		w.put(table, position.Key, position.Position{"transactions": 5}.Append(nil)) // where a look-up would find it
	}
	w.end(kgo.TryCommit)
	s := f.serve()
	f.caughtUp(s)
	if status, _, body := f.get(s, "/v1/panel/transactions/"+minKey); status != http.StatusOK || body["amount"] != 700.0 {
		t.Errorf("%d %v", status, body)
	}
	for _, path := range []string{"/v1/users/" + minKey + "/missions", "/v1/health?mode=" + minKey} {
		path, mode, byMode := strings.Cut(path, "?mode=")
		query := []string{"mode", mode}
		if !byMode {
			query = nil
		}
		if status, _, body := f.get(s, path, query...); status != http.StatusOK {
			t.Errorf("%s: %d %v", path, status, body)
		}
	}
	for _, key := range []string{"%00pos", "%00wmk", "%00"} {
		if status, _, body := f.get(s, "/v1/panel/transactions/"+key); status != http.StatusNotFound {
			t.Errorf("the engine's own row %s: %d %v", key, status, body)
		}
		if status, _, body := f.get(s, "/v1/users/"+key+"/missions"); status != http.StatusNotFound {
			t.Errorf("a user of no payment, %s: %d %v", key, status, body)
		}
	}
}

// An open transaction below the end may be the last commit of a processor: until it has ended, the server is not ready.
func TestNotReadyUntilTheTablesAreThere(t *testing.T) {
	f := newFixture(t)
	w := f.writer("w")
	w.begin()
	w.put(string(f.topology.Ledger.Table()), "t1", f.payment("t1", 700))
	s := f.serve()
	f.check(s.Tables.Of(f.topology.Catalog.Name).WaitRecovered(t.Context()))
	for _, path := range []string{"/readyz", "/v1/panel/transactions/t1"} {
		status, header, body := f.get(s, path)
		if status != http.StatusServiceUnavailable || body["code"] != "recovering" || header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", path, status, body)
		}
	}
	w.end(kgo.TryCommit)
	f.check(s.Recovered(t.Context()))
	for _, path := range []string{"/readyz", "/v1/panel/transactions/t1"} {
		if status, _, body := f.get(s, path); status != http.StatusOK {
			t.Errorf("%s: %d %v", path, status, body)
		}
	}
}

func TestMinAsOfWaitsForInputs(t *testing.T) {
	f := newFixture(t)
	s := f.serve()
	f.check(s.Recovered(t.Context()))
	table := string(f.topology.Ledger.Table())
	w, own := f.writer("w"), stream.Partition([]byte("t1"), f.settings.Partitions)
	write := func(minor, next int64, end kgo.TransactionEndTry) {
		w.begin()
		w.put(table, "t1", f.payment("t1", minor))
		w.at(table, own, position.Key, position.Position{"transactions": next}.Append(nil))
		w.end(end)
	}
	write(1, 10, kgo.TryCommit)
	f.caughtUp(s)
	_, _, body := f.get(s, "/v1/panel/transactions/t1")
	as, err := asof.Parse(body["as_of"].(map[string]any)["token"].(string))
	if f.check(err); !cmp.Equal(as, asof.Position{table: {own: {"transactions": 10}}}) {
		t.Fatalf("as of %v", as)
	}
	answer := make(chan map[string]any)
	go func() {
		_, _, body := f.get(s, "/v1/panel/transactions/t1", "min_as_of", asof.Position{table: {own: {"transactions": 11}}}.Encode())
		answer <- body
	}()
	write(2, 11, kgo.TryAbort)
	write(3, 11, kgo.TryCommit)
	if got := <-answer; got["amount"] != 3.0 {
		t.Errorf("answered with %v", got)
	}
}

func TestRestartFromDisk(t *testing.T) {
	f := newFixture(t)
	w, table := f.writer("w"), string(f.topology.Ledger.Table())
	w.begin()
	for i := range 100 {
		id := fmt.Sprintf("t%d", i)
		w.put(table, id, f.payment(id, int64(i+1)))
	}
	w.end(kgo.TryCommit)
	dir := t.TempDir()
	for _, want := range []float64{100, 0} {
		disk, err := store.NewDisk(store.DiskConfig{Dir: dir})
		f.check(err)
		registry := prometheus.NewRegistry()
		s := f.serve(func(c *Config) {
			c.Stores, c.Metrics = disk, engine.NewMetrics(registry)
		})
		f.caughtUp(s)
		if _, _, body := f.get(s, "/v1/panel/transactions/t41"); body["amount"] != 42.0 {
			t.Errorf("%v", body)
		}
		families, err := registry.Gather()
		f.check(err)
		restored, recovered := 0.0, 0.0
		for _, family := range families {
			for _, m := range family.GetMetric() {
				switch family.GetName() {
				case "millrace_table_restored_records_total":
					restored += m.GetCounter().GetValue()
				case "millrace_table_recovered":
					recovered += m.GetGauge().GetValue()
				}
			}
		}
		if restored != want || recovered != 9 {
			t.Errorf("%g records were restored, not %g; %g tables are there", restored, want, recovered)
		}
		f.check(s.Stop(t.Context()))
		f.check(disk.Close())
	}
}

func TestAMissingTableStopsTheServer(t *testing.T) {
	f := newFixture(t)
	_, err := kadm.NewClient(f.client).DeleteTopic(t.Context(), string(f.topology.Routing.Table()))
	f.check(err)
	s := f.serve()
	if err := <-s.Failed(); err == nil || !strings.Contains(err.Error(), "routing-table") {
		t.Errorf("got %v", err)
	}
}

// handled is an Offsets that tells what was waited for.
type handled chan map[int32]int64

func (h handled) Wait(_ context.Context, at map[int32]int64) error {
	h <- at
	return nil
}

// Who waits for the catalog waits for progress to have taken in what the view shows; its position may count markers
// that progress never sees.
func TestTheCatalogIsWaitedForInForce(t *testing.T) {
	f := newFixture(t)
	w, table := f.writer("w"), string(f.topology.Catalog.Table())
	w.begin()
	w.put(table, "mission/m", []byte("whatever"))
	w.end(kgo.TryCommit)
	asked := make(handled, 10)
	s := f.serve(func(c *Config) { c.InForce = asked })
	f.check(s.Recovered(t.Context()))
	own := stream.Partition([]byte("mission/m"), f.settings.Partitions)
	f.check(s.Tables.Wait(t.Context(), map[string]map[int32]int64{table: {own: 2}})) // the record and its marker
	if got := <-asked; !cmp.Equal(got, map[int32]int64{own: 1}) {
		t.Errorf("progress was waited for until %v", got)
	}
	f.check(s.Tables.Wait(t.Context(), map[string]map[int32]int64{string(f.topology.Ledger.Table()): {0: 0}}))
	if got := <-asked; len(got) > 0 {
		t.Errorf("for the ledger, progress was waited for until %v", got)
	}
}
