package engine

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the engine's metrics. One value serves all engines of a process.
type Metrics struct {
	transactions *prometheus.CounterVec
	commit       *prometheus.HistogramVec
	endToEnd     *prometheus.HistogramVec
	records      *prometheus.HistogramVec
	overlay      *prometheus.HistogramVec
	restored     *prometheus.CounterVec
	restoring    *prometheus.GaugeVec
	timers       *prometheus.GaugeVec
	deadLetters  *prometheus.CounterVec
	watermarkLag *prometheus.GaugeVec
	watermark    *prometheus.GaugeVec
	consumerLag  *prometheus.GaugeVec
	recovered    *prometheus.GaugeVec
	stableAge    *prometheus.GaugeVec
	lookupAge    *prometheus.GaugeVec
	standing     recoveryReports
}

// The outcomes of transactions.
const (
	outcomeCommitted = "committed"
	outcomeAborted   = "aborted" // and begun again, by us
	outcomeUnknown   = "unknown" // the client was replaced
)

// NewMetrics returns metrics registered with r; nil r: not registered.
func NewMetrics(r prometheus.Registerer) *Metrics {
	group := []string{"group"}
	table := []string{"group", "table", "partition"}
	counter := func(name, help string, labels []string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels []string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, group)
	}
	sizes := prometheus.ExponentialBuckets(1, 4, 10)
	m := &Metrics{
		transactions: counter("millrace_transactions_total", "Transactions by how they ended.",
			[]string{"group", "outcome"}),
		commit: histogram("millrace_commit_seconds", "Time from all callbacks done to the store written.",
			prometheus.ExponentialBuckets(0.001, 2, 14)),
		endToEnd: histogram("millrace_end_to_end_seconds",
			"Time from the timestamp of the input record that a result stems from, which its broker or producer set, to the commit of the transaction with the result.",
			[]float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 90, 120, 300, 900, 3600}),
		records: histogram("millrace_transaction_records", "Records taken in by one transaction.", sizes),
		overlay: histogram("millrace_transaction_rows", "Rows that one transaction changed.", sizes),
		restored: counter("millrace_table_restored_records_total", "Changelog records read to restore tables.",
			table),
		restoring: gauge("millrace_table_restore_lag_records",
			"Changelog offsets still to be read before the table is restored.", table),
		timers: gauge("millrace_pending_timers",
			"Timers in memory: all that are pending, or the nearest of each partition.", group),
		deadLetters: counter("millrace_dead_letters_total", "Records filed as dead letters.",
			[]string{"group", "reason"}),
		watermarkLag: gauge("millrace_watermark_lag_seconds",
			"Wall clock less the lowest watermark of the group's partitions.", group),
		watermark: gauge("millrace_watermark_timestamp_seconds", "Event time of a partition, as Unix time.",
			[]string{"group", "partition"}),
		consumerLag: gauge("millrace_consumer_lag_records", "Records not yet handled.",
			[]string{"group", "topic", "partition"}),
		stableAge: gauge("millrace_last_stable_offset_age_seconds",
			"How long records wait behind a last stable offset that does not move; the longest of the partitions here.",
			[]string{"group", "topic"}),
		lookupAge: gauge("millrace_lookup_age_seconds",
			"How old what callbacks look up in another group's table is, where they need it current: beyond its limit input waits.", []string{"group", "table"}),
		recovered: gauge("millrace_table_recovered",
			"1 when the group's partitions here have their tables and handle records, and a view of its table here has all of it.", group),
	}
	if r != nil {
		r.MustRegister(m.transactions, m.commit, m.endToEnd, m.records, m.overlay, m.restored, m.restoring, m.timers,
			m.deadLetters,
			m.watermarkLag, m.watermark, m.consumerLag, m.recovered, m.stableAge, m.lookupAge)
	}
	return m
}

// begin shows what a group counts at 0, for a rate to rise from.
func (m *Metrics) begin(group string, reasons []string) {
	for _, outcome := range []string{outcomeCommitted, outcomeAborted, outcomeUnknown} {
		m.transactions.WithLabelValues(group, outcome)
	}
	for _, reason := range reasons {
		m.deadLetters.WithLabelValues(group, reason)
	}
	for _, h := range []*prometheus.HistogramVec{m.commit, m.records, m.overlay} {
		h.WithLabelValues(group)
	}
}

func (m *Metrics) setLag(group, topic string, partition int32, records int64) {
	m.consumerLag.WithLabelValues(group, topic, strconv.Itoa(int(partition))).Set(float64(records))
}

func (m *Metrics) setWatermark(group string, partition int32, at time.Time) {
	m.watermark.WithLabelValues(group, strconv.Itoa(int(partition))).Set(float64(at.UnixMilli()) / 1000)
}

// forget drops the figures of partitions that went to another process, of the group's inputs and of its table.
func (m *Metrics) forget(group, table string) {
	m.restoring.DeletePartialMatch(prometheus.Labels{"group": group, "table": table})
	m.consumerLag.DeletePartialMatch(prometheus.Labels{"group": group})
	m.watermarkLag.DeleteLabelValues(group)
	m.watermark.DeletePartialMatch(prometheus.Labels{"group": group})
	m.timers.DeleteLabelValues(group)
	m.stableAge.DeletePartialMatch(prometheus.Labels{"group": group})
	m.lookupAge.DeletePartialMatch(prometheus.Labels{"group": group})
}

// end drops the figures of tables that a group looked up, once it has ended. All of its processes have all of their
// partitions.
func (m *Metrics) end(group string) {
	m.restoring.DeletePartialMatch(prometheus.Labels{"group": group})
}
