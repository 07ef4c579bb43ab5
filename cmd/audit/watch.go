package audit

import (
	"context"
	"errors"
	"math/big"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
)

// Metrics are what Watch shows.
type Metrics struct {
	difference *prometheus.GaugeVec
	checked    prometheus.Gauge
	walked     prometheus.Gauge
	restarts   prometheus.Counter
	unreadable prometheus.Gauge
	state      atomic.Pointer[State]
}

// State is what Watch has found.
type State struct {
	// Difference is by currency what does not agree, in minor units.
	Difference map[string]*big.Int
	// Judged says that everything could be checked at the last look.
	Judged bool
	// Checked is when everything was last checked; zero: not yet.
	Checked time.Time
}

// State returns what Watch has found last.
func (m *Metrics) State() State {
	if s := m.state.Load(); s != nil {
		return *s
	}
	return State{}
}

// NewMetrics returns metrics registered with r; nil r: not registered.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		difference: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "millrace_conservation_difference_minor",
			Help: "Money by which the ledger's rows, the postings and what progress received do not agree, in minor units: the sum of all differences found since the start that still stand. 0 for every currency from the start; whether anything was checked says millrace_conservation_checked_timestamp_seconds.",
		}, []string{"currency"}),
		checked: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "millrace_conservation_checked_timestamp_seconds",
			Help: "When conservation was last checked as a whole, as Unix time.",
		}),
		walked: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "millrace_conservation_walked_timestamp_seconds",
			Help: "When all rows were last held against the sums of their tables, as Unix time: after a large table the audit rests.",
		}),
		restarts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "millrace_conservation_restarts_total",
			Help: "How often the audit began anew because a topic was made anew, got partitions or lost records.",
		}),
		unreadable: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "millrace_conservation_unreadable_records",
			Help: "Records that were audited since the start and cannot be read.",
		}),
	}
	// all that there can be, so that none is missed by being absent
	for _, currency := range append(payment.Currencies(), mission.Coins) {
		m.difference.WithLabelValues(currency)
	}
	if r != nil {
		r.MustRegister(m.difference, m.checked, m.walked, m.restarts, m.unreadable)
	}
	return m
}

// Watch follows money from now on until ctx ends, and keeps the metrics. It begins once Config.Ledgers and Config.Users
// are recovered. What it finds goes to the log once, by the place of a record, without names of users. While brokers do
// not answer nothing is checked, and the time of the last check says so.
func Watch(ctx context.Context, c Config, m *Metrics) error {
	if err := c.Validate(); err != nil {
		return err
	}
	w := &watch{config: c.withDefaults(), metrics: m, currencies: map[string]bool{}, logged: map[string]bool{}}
	defer w.close()
	if err := w.ready(ctx); err != nil {
		return nil // ctx has ended
	}
	ticker := time.NewTicker(w.config.Every)
	defer ticker.Stop()
	for {
		if err := w.check(ctx); err != nil && ctx.Err() == nil {
			w.config.Log.Warn("conservation cannot be checked", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

type watch struct {
	config     Config
	metrics    *Metrics
	reader     *cluster.Reader
	books      *books
	standing   *lasting
	currencies map[string]bool
	logged     map[string]bool

	accounts []difference // of the last walk
	walked   error        // why it said nothing of some partitions
	again    time.Time    // when to walk next
}

func (w *watch) close() {
	if w.reader != nil {
		w.reader.Close()
	}
	w.reader = nil
}

// open begins to read at the present ends.
func (w *watch) open(ctx context.Context) error {
	r, err := cluster.OpenReader(ctx, w.config.Client, moneyTopics(w.config.Topology), cluster.From{AtEnd: true})
	if err != nil {
		return err
	}
	w.reader, w.books, w.standing = r, newBooks(w.config, r.Whole), newLasting(w.config.Settle)
	w.again = time.Time{}
	if err := w.begin(ctx); err != nil {
		w.close()
		return err
	}
	return nil
}

// begin notes what was under way when reading began.
func (w *watch) begin(ctx context.Context) error {
	t := w.config.Topology
	bounded, cancel := context.WithTimeoutCause(ctx, w.config.Every+time.Second, errors.New("a transaction stays open"))
	defer cancel()
	postings, err := w.reader.Before(bounded, t.Postings.Name)
	if err != nil {
		return err
	}
	w.books.users.began, w.books.totals.began = postings, postings
	if w.books.budgets.began, err = w.reader.Before(bounded, t.BudgetReturns.Name); err != nil || !w.tables() {
		return err
	}
	return w.seed(ctx)
}

func (w *watch) tables() bool { return w.config.Ledgers != nil && w.config.Users != nil }

// ready returns once the copies of the tables are there: before, there is nothing to hold against anything.
func (w *watch) ready(ctx context.Context) error {
	if !w.tables() {
		return nil
	}
	if err := w.config.Ledgers.WaitRecovered(ctx); err != nil {
		return err
	}
	return w.config.Users.WaitRecovered(ctx)
}

// check reads new records, and updates findings and metrics.
func (w *watch) check(ctx context.Context) error {
	if w.reader == nil {
		if err := w.open(ctx); err != nil {
			return err
		}
	}
	if err := w.reader.Round(ctx, w.books.add); err != nil {
		if errors.Is(err, cluster.ErrChanged) { // what was followed is no part of what is there now
			w.metrics.restarts.Inc()
			w.close()
		}
		return err
	}
	w.walk(ctx)
	if ctx.Err() != nil { // the copies of the tables may have ended first: this look saw nothing
		return context.Cause(ctx)
	}
	now := w.config.Clock()
	findings, _ := w.standing.split(w.books.open(now, w.config.Keys), now)
	findings = append(findings, w.accounts...)
	w.log(findings)
	by := sumsOf(findings)
	for currency := range both(w.books.transactions.currencies, by) {
		w.currencies[currency] = true
	}
	for currency := range w.currencies {
		w.metrics.difference.WithLabelValues(currency).Set(floatOf(by[currency]))
	}
	w.metrics.unreadable.Set(float64(len(w.books.unreadable.found)))
	state := State{Difference: by, Judged: !w.tables() || w.walked == nil && w.books.totals.judged()}
	if state.Judged {
		state.Checked = now
		w.metrics.checked.Set(float64(now.UnixMilli()) / 1000)
	} else {
		state.Checked = w.metrics.State().Checked
	}
	w.metrics.state.Store(&state)
	return nil
}

// walk holds all rows against the sums of their tables, from time to time.
func (w *watch) walk(ctx context.Context) {
	begun := time.Now()
	if !w.tables() || begun.Before(w.again) {
		return
	}
	took := time.Duration(0)
	w.accounts, w.walked = nil, errBehind
	t := w.config.Topology
	if w.same(string(t.Ledger.Table()), w.config.Ledgers) && w.same(string(t.Progress.Table()), w.config.Users) {
		w.accounts, took, w.walked = accounts(ctx, w.config.Topology, w.config.Ledgers, w.config.Users)
	}
	if ctx.Err() != nil {
		return
	}
	w.again = begun.Add(max(w.config.Every, rest*took))
	if w.walked == nil {
		w.metrics.walked.Set(float64(w.config.Clock().UnixMilli()) / 1000)
	} else {
		w.again = time.Time{}
		w.config.Log.Warn("conservation cannot be checked", "error", w.walked)
	}
}

var errBehind = errors.New("the copies of the tables are not there yet")

// sumsOf adds up the differences of each currency, whichever side has more. Each may be as large as int64, so the sums
// are larger.
func sumsOf(findings []difference) map[string]*big.Int {
	by, totals := map[string]*big.Int{}, map[string]*big.Int{}
	for _, f := range findings {
		switch n := new(big.Int).Abs(big.NewInt(f.minor)); {
		case f.currency == "":
		case f.total: // the same money again, if a row of its own says so, too
			plus(totals, f.currency, n)
		default:
			plus(by, f.currency, n)
		}
	}
	for currency, n := range totals {
		if amount(by[currency]).Cmp(n) < 0 {
			by[currency] = n
		}
	}
	return by
}

// floatOf returns what a gauge shows of a sum of whole numbers, nil being 0: the nearest float.
func floatOf(n *big.Int) float64 {
	f, _ := amount(n).Float64()
	return f
}

func (w *watch) log(findings []difference) {
	next := map[string]bool{}
	for _, f := range findings {
		id := f.id() + f.state
		if next[id] = true; !w.logged[id] {
			w.config.Log.Error("committed records do not agree", "check", f.check, "place", f.place, "currency",
				f.currency, "difference_minor", f.minor,
				"see", "millrace verify")
		}
	}
	w.logged = next
}
