package views

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/tidwall/btree"

	auditviews "github.com/millrace/millrace/views/audit"
	deadletterviews "github.com/millrace/millrace/views/deadletter"
	devviews "github.com/millrace/millrace/views/dev"
	paymentviews "github.com/millrace/millrace/views/payment"
	"github.com/millrace/millrace/views/serve"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/token"
)

// start is the instant at which the fixtures' events happen and tokens are made.
var start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func at(d time.Duration) instant.Milli { return instant.Of(start.Add(d)) }

// tablePartitions is what the default topology has.
const tablePartitions = 12

// memTable is a table in memory. Each write counts as one record of the topic in, in the partition of its key.
type memTable struct {
	hook func(string, []byte)

	mu        sync.Mutex
	rows      btree.Map[string, []byte]
	inputs    map[int32]int64
	watermark map[int32]time.Time
	behind    time.Duration
	failing   error
	changed   chan struct{}
	loading   bool
	onWaiting chan struct{} // receives when somebody begins to wait
}

func newMemTable(hook func(string, []byte)) *memTable {
	return &memTable{
		hook: hook, inputs: map[int32]int64{}, watermark: map[int32]time.Time{}, changed: make(chan struct{}), onWaiting: make(chan struct{}, 16),
	}
}

func (m *memTable) put(key string, value []byte) {
	m.mu.Lock()
	if value == nil {
		m.rows.Delete(key)
	} else {
		m.rows.Set(key, value)
	}
	m.inputs[stream.Partition([]byte(key), tablePartitions)]++
	close(m.changed)
	m.changed = make(chan struct{})
	m.mu.Unlock()
	if m.hook != nil {
		m.hook(key, value)
	}
}

func (m *memTable) Get(key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, _ := m.rows.Get(key)
	return value, m.failing
}

func (m *memTable) Ascend(from string, fn func(string, []byte) bool) error {
	m.mu.Lock()
	rows, err := m.rows.Copy(), m.failing
	m.mu.Unlock()
	rows.Ascend(from, fn)
	return err
}

func (m *memTable) Recovered() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.loading
}

// set changes what the table says of itself.
func (m *memTable) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func (m *memTable) Known(partition int32) serve.Known {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := serve.Known{Watermark: m.watermark[partition]}
	if n := m.inputs[partition]; n > 0 {
		k.Inputs = map[string]int64{"in": n}
	}
	return k
}

func (m *memTable) Behind() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.behind
}

func (m *memTable) Wait(ctx context.Context, at map[int32]map[string]int64) error {
	for {
		m.mu.Lock()
		reached, changed := true, m.changed
		for p, want := range at {
			for topic, next := range want {
				reached = reached && topic == "in" && m.inputs[p] >= next
			}
		}
		m.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case m.onWaiting <- struct{}{}:
		default:
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (m *memTable) table() serve.Table { return serve.Table{Rows: m, Reach: m} }

// memRecords are the records of the dead-letters topic.
type memRecords map[serve.Place]*deadletterviews.Record

func (m memRecords) Read(_ context.Context, places []serve.Place) ([]*deadletterviews.Record, error) {
	values := make([]*deadletterviews.Record, len(places))
	for i, p := range places {
		values[i] = m[p]
	}
	return values, nil
}

// memCommands is a catalog that judges at once, in the background.
type memCommands struct {
	f       *fixture
	failing error
	deaf    bool // takes commands, and judges none
	sent    []*catalog.Command
	before  func()     // where it is set, is called before a command is judged
	judging sync.Mutex // commands are judged one after another, as those of one partition are
}

func (m *memCommands) Send(_ context.Context, c *catalog.Command) error {
	if m.failing != nil {
		return m.failing
	}
	m.sent = append(m.sent, c)
	if m.deaf {
		return nil
	}
	go func() {
		if m.before != nil {
			m.before()
		}
		m.f.judge(c)
	}()
	return nil
}

// memPayments takes events that are handed in.
type memPayments struct {
	failing error
	hang    bool
	got     []paymentviews.PaymentEvent
}

func (m *memPayments) Send(ctx context.Context, events []paymentviews.PaymentEvent) error {
	if m.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if m.failing == nil {
		m.got = append(m.got, events...)
	}
	return m.failing
}

// memUserCommands are the groups of users' rows: they judge at once, in the background.
type memUserCommands struct {
	f       *fixture
	failing error
	deaf    bool // takes commands, and judges none
	sent    int
	judging sync.Mutex // commands are judged one after another, as those of one user are
	// hold, where it is set, keeps commands from being judged until it is closed; held receives for each.
	hold, held chan struct{}
}

func (m *memUserCommands) take(judge func()) error {
	if m.failing != nil {
		return m.failing
	}
	m.sent++
	if m.deaf {
		return nil
	}
	go func() {
		if m.hold != nil {
			m.held <- struct{}{}
			<-m.hold
		}
		m.judging.Lock()
		defer m.judging.Unlock()
		judge()
	}()
	return nil
}

func (m *memUserCommands) progress(user string, judge func(*mission.UserRow, *mission.Snapshot) (*mission.UserRow, []mission.Effect)) error {
	return m.take(func() {
		f := m.f
		var row *mission.UserRow
		if value, _ := f.tables.progress.Get(user); value != nil {
			var err error
			row, err = f.topology.Progress.Row.Decode(value)
			f.check(err)
		}
		row, effects := judge(row, f.indexes.missions.Snapshot())
		for _, e := range effects {
			if e, ok := e.(mission.Audited); ok {
				f.audit.append(f.topology.AuditUsers.Name, audit.UserKey(user, "progress", e.Line.Revision), e.Line)
			}
		}
		put(f, f.tables.progress, f.topology.Progress, user, row)
	})
}

func (m *memUserCommands) Enrol(_ context.Context, e *mission.Enrolment) error {
	return m.progress(e.UserID, func(row *mission.UserRow, missions *mission.Snapshot) (*mission.UserRow, []mission.Effect) {
		return mission.ApplyEnrolment(row, e, missions, mission.DefaultConfig())
	})
}

func (m *memUserCommands) Segment(_ context.Context, s *mission.Segments) error {
	return m.progress(s.UserID, func(row *mission.UserRow, missions *mission.Snapshot) (*mission.UserRow, []mission.Effect) {
		return mission.ApplySegments(row, s, missions, mission.DefaultConfig())
	})
}

func (m *memUserCommands) Reward(_ context.Context, c *reward.Command) error {
	return m.take(func() {
		f := m.f
		var row *reward.Row
		if value, _ := f.tables.rewards.Get(c.UserID); value != nil {
			var err error
			row, err = f.topology.Rewards.Row.Decode(value)
			f.check(err)
		}
		row, effects := reward.Judge(row, c, nil, instant.Of(f.now))
		for _, e := range effects {
			switch e := e.(type) {
			case reward.Audited:
				f.audit.append(f.topology.AuditUsers.Name, audit.UserKey(c.UserID, "rewards", e.Line.Revision), e.Line)
			case reward.Paged:
				put(f, f.tables.rewards, f.topology.Rewards, e.Key, reward.Keep(e.Entries))
			}
		}
		put(f, f.tables.rewards, f.topology.Rewards, c.UserID, row)
	})
}

// judge does what the catalog group does with a command.
func (f *fixture) judge(c *catalog.Command) {
	f.commands.judging.Lock()
	defer f.commands.judging.Unlock()
	value, err := f.topology.CatalogCommands.Codec.Encode(c)
	f.check(err)
	c, err = f.topology.CatalogCommands.Codec.Decode(value)
	f.check(err)
	var row *catalog.Row
	if value, _ := f.tables.catalog.Get(c.Key()); value != nil {
		row, err = f.topology.Catalog.Row.Decode(value)
		f.check(err)
	}
	cfg := catalog.DefaultConfig()
	cfg.Document = catalogcodec.Document
	row, e := catalog.Apply(row, c, cfg)
	if e.Line != nil {
		f.audit.append(f.topology.Audit.Name, e.Line.Key(), e.Line)
	}
	put(f, f.tables.catalog, f.topology.Catalog, c.Key(), row)
}

type fixedBoard struct{ state devviews.BoardState }

func (b fixedBoard) Board() devviews.BoardState { return b.state }

// fixture is a server on tables in memory.
type fixture struct {
	t        testing.TB
	topology *topology.Topology
	indexes  *Indexes
	tables   struct{ ledger, progress, budget, rewards, health, routing, catalog, letters, tasks *memTable }
	records  memRecords
	audit    *memAudit
	commands *memCommands
	payments *memPayments
	asked    *memUserCommands
	decided  *memLetterCommands
	ordered  *memTaskCommands
	signer   token.Signer
	public   ed25519.PublicKey
	registry *prometheus.Registry
	log      *bytes.Buffer
	now      time.Time
	life     time.Duration // of tokens; 0: the default
	server   *Server
	handler  http.Handler
}

func newFixture(t testing.TB, change ...func(*Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, topology: topology.New(topology.DefaultConfig()), records: memRecords{}, registry: prometheus.NewRegistry(), log: &bytes.Buffer{}, now: start}
	clock := func() time.Time { return f.now }
	log := slog.New(slog.NewTextHandler(f.log, nil))
	f.indexes = NewIndexes(f.topology, clock, log)
	f.tables.ledger, f.tables.progress = newMemTable(nil), newMemTable(f.indexes.Of(f.topology.Progress.Name))
	f.tables.budget, f.tables.rewards = newMemTable(nil), newMemTable(f.indexes.Of(f.topology.Rewards.Name))
	f.tables.health, f.tables.routing = newMemTable(f.indexes.Of(f.topology.Health.Name)), newMemTable(f.indexes.Of(f.topology.Routing.Name))
	f.tables.catalog, f.tables.letters = newMemTable(f.indexes.Of(f.topology.Catalog.Name)), newMemTable(f.indexes.Of(f.topology.DeadLetters.Name))
	f.tables.tasks = newMemTable(f.indexes.Of(f.topology.TaskQueues.Name))
	f.commands, f.payments = &memCommands{f: f}, &memPayments{}
	f.asked, f.decided, f.ordered = &memUserCommands{f: f}, &memLetterCommands{f: f}, &memTaskCommands{f: f}
	f.audit = &memAudit{f: f, values: map[auditviews.AuditPlace][]byte{}, next: map[auditviews.AuditPlace]int64{}}
	f.indexes.AuditLoaded()
	public, private, err := ed25519.GenerateKey(nil)
	f.check(err)
	f.public = public
	f.signer, err = token.Private(private)
	f.check(err)
	verifier, err := token.NewVerifier(token.Config{Issuer: "iss", Audience: "aud", Keys: []token.Key{f.signer.Key}, Now: clock})
	f.check(err)
	c := Config{
		Audit: f.audit, Commands: f.commands, Payments: f.payments, UserCommands: f.asked, LetterCommands: f.decided, TaskCommands: f.ordered, Topology: f.topology, Indexes: f.indexes, Records: f.records, Verifier: verifier, Gatherer: f.registry, Version: "test", Now: clock,
		Log: log, Kinds: task.BuiltIn().With(task.DefaultKind("thank")),
		Tables: serve.Tables{
			f.topology.Ledger.Name: f.tables.ledger.table(), f.topology.Progress.Name: f.tables.progress.table(),
			f.topology.Budget.Name: f.tables.budget.table(), f.topology.Rewards.Name: f.tables.rewards.table(), f.topology.Health.Name: f.tables.health.table(),
			f.topology.Routing.Name: f.tables.routing.table(), f.topology.Catalog.Name: f.tables.catalog.table(),
			f.topology.DeadLetters.Name: f.tables.letters.table(), f.topology.TaskQueues.Name: f.tables.tasks.table(),
		},
	}
	for _, fn := range change {
		fn(&c)
	}
	f.server, err = New(c)
	f.check(err)
	f.handler = f.server.Handler()
	return f
}

func (f *fixture) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func put[Row any](f *fixture, table *memTable, group stream.Group[Row], key string, row Row) {
	f.t.Helper()
	value, err := group.Row.Encode(row)
	f.check(err)
	table.put(key, value)
}

func (f *fixture) minter() *token.Minter {
	m, err := token.NewMinter(token.MinterConfig{Issuer: "iss", Audience: "aud", Signer: f.signer, Now: func() time.Time { return f.now }})
	f.check(err)
	return m
}

func (f *fixture) token(sub string, roles ...token.Role) string {
	f.t.Helper()
	text, err := f.minter().Mint(sub, roles, f.life)
	f.check(err)
	return text
}

// ask sends a request from another machine, with a bearer token if there is one.
func (f *fixture) ask(method, target, bearer string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for _, fn := range change {
		fn(r)
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

// fromHere makes a request one of this machine.
func fromHere(r *http.Request) { r.RemoteAddr, r.Host = "127.0.0.1:5555", "127.0.0.1:8080" }

func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func withBody(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(text))
		r.Header.Set("Content-Type", "application/json")
	}
}

// get asks as a panel admin, service and health reader at once, and wants 200.
func (f *fixture) get(target string) map[string]any {
	f.t.Helper()
	w := f.ask("GET", target, f.token("usr_1", token.User, token.Admin))
	if w.Code != http.StatusOK {
		f.t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	return f.object(w.Body.Bytes())
}

func (f *fixture) object(b []byte) map[string]any {
	f.t.Helper()
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		f.t.Fatalf("%v: %s", err, b)
	}
	return v
}

// wantProblem checks a problem document and returns it.
func (f *fixture) wantProblem(w *httptest.ResponseRecorder, status int, code string) map[string]any {
	f.t.Helper()
	if w.Code != status || w.Header().Get("Content-Type") != "application/problem+json" {
		f.t.Fatalf("got %d %s %s, want %d", w.Code, w.Header().Get("Content-Type"), w.Body, status)
	}
	p := f.object(w.Body.Bytes())
	if p["code"] != code || p["status"] != float64(status) || p["type"] != "https://millrace.dev/problems/"+strings.ReplaceAll(code, "_", "-") {
		f.t.Fatalf("got %s, want code %s", w.Body, code)
	}
	if p["request_id"] == "" || p["request_id"] != w.Header().Get("X-Request-Id") || p["title"] == "" || p["detail"] == "" {
		f.t.Fatalf("incomplete: %s", w.Body)
	}
	return p
}

// The rows below are made by the domain itself, so that what is shown is what processors store.

func facts(id string, minor int64, merchant string) payment.Facts {
	return payment.Facts{
		TransactionID: id, UserID: "usr_1", AmountMinor: minor, Currency: "INR", Mode: "upi", Instrument: "sbi", Gateway: "razorpay",
		Labels: payment.Labels{payment.Merchant: merchant}, CreatedAt: at(0),
	}
}

func event(id string, kind payment.Type, f payment.Facts, after time.Duration) *payment.Event {
	return &payment.Event{
		Facts: f, ID: id, Type: kind, Status: payment.Success, ReversalID: id, UpdatedAt: at(after), HealthInstruments: []string{"sbi"},
		Fingerprint: uint64(len(id)) + uint64(f.AmountMinor), Origin: payment.Origin{Topic: "payments"},
	}
}

// putTransaction stores t1: settled with 100.00, 40.00 of it reversed, one event sent twice and one refused.
func (f *fixture) putTransaction() {
	cfg := ledger.DefaultConfig()
	events := []*payment.Event{
		event("e1", payment.Payment, facts("t1", 10000, "swiggy"), 0),
		event("r1", payment.Reversal, facts("t1", 4000, ""), time.Second),
		event("e1", payment.Payment, facts("t1", 10000, "swiggy"), 0),
		event("r2", payment.Reversal, facts("t1", 7000, ""), 2*time.Second),
	}
	var row *ledger.Row
	for _, e := range events {
		row, _ = ledger.Apply(row, e, 0, cfg)
	}
	put(f, f.tables.ledger, f.topology.Ledger, "t1", row)
}

func swiggy() mission.Mission {
	m := mission.Default()
	m.ID, m.Title, m.Currency, m.TimeZone, m.BrandID, m.Status = "swiggy-500", "Spend ₹500 at Swiggy", "INR", "Asia/Kolkata", "swiggy", mission.Active
	m.Goal = mission.Goal{Metric: mission.MetricAmount, Target: 50000}
	m.Filters = []mission.Filter{{ID: "merchant", Operator: mission.Eq, Values: []mission.Value{{Kind: mission.TextValue, Text: "swiggy"}}}}
	m.Window = mission.Window{Kind: mission.WindowFixed, From: "2026-03-01", To: "2026-03-08"}
	m.Reward = mission.Reward{Kind: mission.RewardCoins, Amount: 100}
	return m
}

// putMission stores a mission made at start, at once with every index.
func (f *fixture) putMission(m mission.Mission) {
	row, e := catalog.Apply(nil, catalog.NewPut("c-"+m.ID, "test", at(0), catalog.NewMission(m)), catalog.DefaultConfig())
	if e.Result != verdict.Applied {
		f.t.Fatalf("mission %s: %v", m.ID, e.Problems)
	}
	put(f, f.tables.catalog, f.topology.Catalog, catalog.MissionKey(m.ID), row)
}

// putDefinition stores a brand, pool or reward template, whatever it names.
func (f *fixture) putDefinition(e catalog.Entity) {
	row, v := catalog.Apply(nil, catalog.NewPut("c-"+e.ID(), "test", at(0), e), catalog.DefaultConfig())
	if v.Result != verdict.Applied {
		f.t.Fatalf("%s %s: %v", e.Kind(), e.ID(), v.Problems)
	}
	put(f, f.tables.catalog, f.topology.Catalog, catalog.Key(e.Kind(), e.ID()), row)
}

// putProgress stores usr_1 with a payment that counts for swiggy-500 and one that does not.
func (f *fixture) putProgress() {
	snapshot := f.indexes.missions.Snapshot()
	var row *mission.UserRow
	for i, p := range []payment.Facts{facts("t1", 10000, "swiggy"), facts("t2", 5000, "zomato")} {
		p.CreatedAt += instant.Milli(i * 1000)
		row, _ = mission.Apply(row, &ledger.Posting{Facts: p, Kind: ledger.PaymentSettled, Seq: 1, NetAfter: p.AmountMinor, At: p.CreatedAt}, snapshot, mission.DefaultConfig())
	}
	put(f, f.tables.progress, f.topology.Progress, "usr_1", row)
}

// putHealth stores upi/sbi with the gateways razorpay and payu, and three closed windows: the last two below every
// threshold for payu. upi/hdfc has an attempt, but no closed window.
func (f *fixture) putHealth() {
	s := health.DefaultSettings()
	series := map[string]*health.Row{}
	var mode *health.ModeRow
	take := func(effects []health.Effect) {
		for _, e := range effects {
			switch e := e.(type) {
			case health.Finished:
				closed, _ := health.ApplyClosed(s, nil, e.To)
				put(f, f.tables.health, f.topology.Health, e.To.Key(), closed)
			case health.Scored:
				mode, _ = mode.ObserveScore(s, e.Score, 0)
			}
		}
	}
	attempt := func(path health.Path, outcome ledger.Outcome, after time.Duration, offset int64) {
		a := &ledger.Attempt{Mode: path.Mode, Instrument: path.Instrument, Gateway: path.Gateway, Outcome: outcome, At: at(after), LatencyMS: 40}
		row, effects := health.Observe(s, series[path.Key()], a, health.Source{Topic: "attempts", Offset: offset}, at(after))
		series[path.Key()] = row
		take(effects)
	}
	good, bad := health.Path{Mode: "upi", Instrument: "sbi", Gateway: "razorpay"}, health.Path{Mode: "upi", Instrument: "sbi", Gateway: "payu"}
	for minute := range 3 {
		for i := range 30 {
			after, offset := time.Duration(minute)*time.Minute+time.Duration(i)*time.Second, int64(minute*60+i*2)
			attempt(good, ledger.Succeeded, after, offset)
			outcome := ledger.Succeeded
			if minute > 0 && i%10 != 0 {
				outcome = ledger.FailedTechnical
			}
			attempt(bad, outcome, after, offset+1)
		}
	}
	w := at(4 * time.Minute)
	for _, path := range []health.Path{good, bad} {
		row, effects := health.AdvanceTo(s, series[path.Key()], w)
		series[path.Key()] = row
		take(effects)
	}
	mode, _ = mode.AdvanceTo(s, w)
	attempt(health.Path{Mode: "upi", Instrument: "hdfc", Gateway: "payu"}, ledger.Succeeded, 5*time.Minute, 500)
	for key, row := range series {
		put(f, f.tables.health, f.topology.Health, key, row)
	}
	put(f, f.tables.routing, f.topology.Routing, "upi", mode)
}
