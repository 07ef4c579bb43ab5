package audit

import (
	"context"
	"math/big"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/cmd/cluster"
)

// Metrics are what Watch shows.
type Metrics struct {
	difference *prometheus.GaugeVec
	checked    prometheus.Gauge
}

// NewMetrics returns metrics registered with r; nil r: not registered.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		difference: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "millrace_conservation_difference_minor",
			Help: "Money by which the ledger's rows, the postings and what progress received do not agree, in minor units: the sum of all differences found since the start that still stand.",
		}, []string{"currency"}),
		checked: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "millrace_conservation_checked_timestamp_seconds", Help: "When conservation was last checked, as Unix time.",
		}),
	}
	if r != nil {
		r.MustRegister(m.difference, m.checked)
	}
	return m
}

// DifferenceOf returns the gauge of a currency.
func (m *Metrics) DifferenceOf(currency string) prometheus.Gauge {
	return m.difference.WithLabelValues(currency)
}

// Watch follows money from now on until ctx ends, and keeps the metrics. What it finds goes to the log once, by the place of a
// record, without names of users. While brokers do not answer nothing is checked, and the time of the last check says so.
func Watch(ctx context.Context, c Config, m *Metrics) error {
	if err := c.Validate(); err != nil {
		return err
	}
	w := &watch{config: c.withDefaults(), metrics: m, currencies: map[string]bool{}, told: map[string]bool{}}
	defer w.close()
	ticker := time.NewTicker(w.config.Every)
	defer ticker.Stop()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
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
	standing   *standing
	currencies map[string]bool
	told       map[string]bool
}

func (w *watch) close() {
	if w.reader != nil {
		w.reader.Close()
	}
}

// look reads what has come, and says how things stand.
func (w *watch) look(ctx context.Context) error {
	if w.reader == nil {
		r, err := cluster.OpenReader(ctx, w.config.Client, moneyTopics(w.config.Topology), cluster.From{AtEnd: true})
		if err != nil {
			return err
		}
		w.reader, w.books, w.standing = r, newBooks(w.config, r.Whole), newStanding(w.config.Settle)
	}
	if err := w.reader.Round(ctx, w.books.take); err != nil {
		return err
	}
	now := w.config.Clock()
	findings, _ := w.standing.sort(w.books.open(now, w.config.Keys), now)
	w.tell(findings)
	by := sumsOf(findings)
	for currency := range w.books.transactions.currencies {
		w.currencies[currency] = true
	}
	for _, f := range findings {
		if f.currency != "" {
			w.currencies[f.currency] = true
		}
	}
	for currency := range w.currencies {
		w.metrics.difference.WithLabelValues(currency).Set(floatOf(by[currency]))
	}
	w.metrics.checked.Set(float64(now.UnixMilli()) / 1000)
	return nil
}

// sumsOf adds up the differences of each currency, whichever side has more. Each may be as large as int64, so the sums are larger.
func sumsOf(findings []difference) map[string]*big.Int {
	by := map[string]*big.Int{}
	for _, f := range findings {
		if f.currency != "" {
			plus(by, f.currency, new(big.Int).Abs(big.NewInt(f.minor)))
		}
	}
	return by
}

// floatOf returns what a gauge shows of a sum of whole numbers, nil being 0: the nearest float.
func floatOf(n *big.Int) float64 {
	f, _ := amount(n).Float64()
	return f
}

func (w *watch) tell(findings []difference) {
	next := map[string]bool{}
	for _, f := range findings {
		id := f.id() + f.state
		if next[id] = true; !w.told[id] {
			w.config.Log.Error("committed records do not agree", "check", f.check, "place", f.place, "currency", f.currency, "difference_minor", f.minor,
				"see", "millrace verify")
		}
	}
	w.told = next
}
