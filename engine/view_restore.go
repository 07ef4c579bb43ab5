package engine

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// restoration is a view on its way to all that its changelog holds.
type restoration struct {
	mu       sync.Mutex
	under    bool // way
	spoken   bool // Metrics have a word of this view
	began    time.Time
	reported time.Time
	records  int
}

// recount finds out whether the view is recovered, says so to metrics and log, and counts records read on the way.
func (v *View) recount(records int) {
	r := &v.restore
	r.mu.Lock()
	defer r.mu.Unlock()
	yes, now := v.recovered(), v.config.Clock()
	if !r.spoken || yes == r.under {
		r.spoken = true
		v.config.Metrics.reportRecovered(v.config.Group, ofView, &yes)
	}
	if !yes && !r.under {
		r.under, r.began, r.reported, r.records = true, now, now, 0
	}
	r.records += records
	rate := int(float64(r.records) / max(now.Sub(r.began), time.Millisecond).Seconds())
	switch {
	case yes && r.under:
		r.under = false
		v.config.Logger.Info("table restored", "group", viewsLabel, "table", v.config.Table, "records", r.records,
			"took", now.Sub(r.began).Round(time.Millisecond), "rate", rate)
	case r.under && now.Sub(r.reported) >= reportEvery:
		r.reported = now
		v.config.Logger.Info("table is being restored", "group", viewsLabel, "table", v.config.Table, "records",
			r.records,
			"left", v.left(), "rate", rate)
	}
}

// left is the number of offsets still to be read before the view is recovered.
func (v *View) left() int64 {
	n := int64(0)
	for _, p := range v.parts {
		if target := p.aim(); target != unknownTarget {
			n += max(target-p.known.Load().Next, 0)
		}
	}
	return n
}

// restored counts records read before the partition was recovered.
func (p *viewPartition) restored(records int) {
	m, labels := p.view.config.Metrics, []string{viewsLabel, p.view.config.Table, p.label()}
	m.restored.WithLabelValues(labels...).Add(float64(records))
	left := int64(0)
	if target := p.aim(); target != unknownTarget {
		left = max(target-p.known.Load().Next, 0)
	}
	m.restoring.WithLabelValues(labels...).Set(float64(left))
}

// forgetView drops what metrics say of a view that has ended.
func (m *Metrics) forgetView(group, table string) {
	m.reportRecovered(group, ofView, nil)
	m.consumerLag.DeletePartialMatch(prometheus.Labels{"group": viewsLabel, "topic": table})
	m.restoring.DeletePartialMatch(prometheus.Labels{"group": viewsLabel, "table": table})
}
