package stock

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the transport's metrics (CONTRACT, Metrics). One value serves all transports of a process.
type Metrics struct {
	deadLetters  *prometheus.CounterVec
	watermarkLag *prometheus.GaugeVec
	consumerLag  *prometheus.GaugeVec
	recovered    *prometheus.GaugeVec
}

// NewMetrics returns metrics registered with r; nil r: not registered.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "millrace_dead_letters_total", Help: "Records filed as dead letters.",
		}, []string{"group", "reason"}),
		watermarkLag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "millrace_watermark_lag_seconds", Help: "Wall clock less the lowest watermark of the group's partitions.",
		}, []string{"group"}),
		consumerLag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "millrace_consumer_lag_records", Help: "Records not yet handled.",
		}, []string{"group", "topic", "partition"}),
		recovered: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "millrace_table_recovered", Help: "1 when the group's partitions here have their tables and handle records.",
		}, []string{"group"}),
	}
	if r != nil {
		r.MustRegister(m.deadLetters, m.watermarkLag, m.consumerLag, m.recovered)
	}
	return m
}

func (m *Metrics) setRecovered(group string, yes bool) {
	v := 0.0
	if yes {
		v = 1
	}
	m.recovered.WithLabelValues(group).Set(v)
}

func (m *Metrics) setLag(group, topic string, partition int32, records int64) {
	m.consumerLag.WithLabelValues(group, topic, strconv.Itoa(int(partition))).Set(float64(records))
}

// forget drops the figures of partitions that went to another process.
func (m *Metrics) forget(group string) {
	m.consumerLag.DeletePartialMatch(prometheus.Labels{"group": group})
	m.watermarkLag.DeleteLabelValues(group)
}
