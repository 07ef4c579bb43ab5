package tasks

import (
	"math/big"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/processors/metric"
	"github.com/millrace/millrace/topology"
)

// other stands for kinds that are not declared.
const other = "other"

// repeated stands for the verdict of a command that came before.
const repeated = "repeated"

// Why a task was dropped.
const (
	dropRepeated  = "repeated"
	dropCoalesced = "coalesced"
)

// Metrics counts tasks and their runs by kind.
type Metrics struct {
	kinds     map[string]bool
	submitted *prometheus.CounterVec
	drops     *prometheus.CounterVec
	starts    *prometheus.CounterVec
	runs      *prometheus.CounterVec
	ended     *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	attempts  *prometheus.HistogramVec
	commands  *prometheus.CounterVec
	stale     prometheus.Counter
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer, kinds task.Kinds) *Metrics {
	m := &Metrics{kinds: map[string]bool{}}
	for _, name := range kinds.Names() {
		m.kinds[name] = true
	}
	kind := metric.LabelOf("kind", append(kinds.Names(), other)...)
	var finals []task.State
	for _, s := range task.States() {
		if s.Final() {
			finals = append(finals, s)
		}
	}
	m.submitted = metric.Counters(r, "millrace_tasks_submitted_total",
		"Tasks that were queued, by kind; replayed dead letters and those of schedules, too.", kind)
	m.drops = metric.Counters(r, "millrace_tasks_dropped_total",
		"Tasks that were not queued, by kind: repeated, or coalesced with one of their schedule that still waits.", kind,
		metric.LabelOf("cause", dropRepeated, dropCoalesced))
	m.starts = metric.Counters(r, "millrace_task_runs_started_total", "Runs that were handed out, by kind.", kind)
	m.runs = metric.Counters(r, "millrace_task_runs_ended_total",
		"Runs that are over, by kind and ending. Failed and timed_out ones spend an attempt.", kind,
		metric.LabelOf("ending", task.Endings()...))
	m.ended = metric.Counters(r, "millrace_tasks_ended_total", "Tasks that have ended, by kind and state.", kind,
		metric.LabelOf("state", finals...))
	m.seconds = metric.Register(r, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "millrace_task_run_seconds",
		Help:    "Time from handing a run out to the end of it, by kind: it waits for a worker first.",
		Buckets: prometheus.ExponentialBuckets(0.005, 4, 10),
	}, []string{"kind"}))
	m.attempts = metric.Register(r, prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "millrace_task_attempts",
		Help: "Attempts of tasks that have succeeded or are exhausted, by kind, since they came or were replayed.",
		// The default is 9 attempts, and 30 of payouts.
		Buckets: []float64{1, 2, 3, 5, 9, 15, 30},
	}, []string{"kind"}))
	for _, name := range kind.Values {
		m.attempts.WithLabelValues(name)
		m.seconds.WithLabelValues(name)
	}
	m.commands = metric.Counters(r, "millrace_task_commands_total",
		"Commands on tasks by verdict: applied, unchanged, refused, repeated.",
		metric.LabelOf("verdict", append(verdict.Results(), repeated)...))
	m.stale = metric.Register(r, prometheus.NewCounter(prometheus.CounterOpts{
		Name: "millrace_task_answers_stale_total", Help: "Answers of workers that changed nothing.",
	}))
	return m
}

func (m *Metrics) kindOf(t *task.Task) string {
	if m.kinds[t.Kind] {
		return t.Kind
	}
	return other
}

func (m *Metrics) dropped(t *task.Task, cause string) {
	m.drops.WithLabelValues(m.kindOf(t), cause).Inc()
}

func (m *Metrics) started(r task.Run) { m.starts.WithLabelValues(m.kindOf(&r.Task)).Inc() }

// changed counts a task by the state that it has come to, and a run that is over.
func (m *Metrics) changed(e task.Changed) {
	kind := m.kindOf(&e.Entry.Task)
	switch state := e.Entry.State; {
	case state.Final():
		m.ended.WithLabelValues(kind, string(state)).Inc()
		if n := attempts(e.Entry); n > 0 {
			m.attempts.WithLabelValues(kind).Observe(float64(n))
		}
	case e.From == "" || e.From.Final():
		m.submitted.WithLabelValues(kind).Inc()
	}
	runs := e.Entry.History.Runs
	if len(runs) == 0 || e.From != task.Running && e.Entry.State != task.Sent {
		return
	}
	last := runs[len(runs)-1]
	m.runs.WithLabelValues(kind, string(last.Ending)).Inc()
	if last.Ending != task.RunSent && last.Ending != task.RunUnclaimed {
		m.seconds.WithLabelValues(kind).Observe(float64(last.To.Sub(last.From)) / float64(time.Second))
	}
}

// attempts returns how many a task took that has succeeded or is exhausted; 0 for others.
func attempts(e *task.Entry) int64 {
	switch e.State {
	case task.Succeeded:
		return e.Attempts + 1
	case task.Exhausted:
		return e.Attempts // 0 if its deadline was over before the first
	default:
		return 0
	}
}

func (m *Metrics) judged(q, next *task.Queue, c *task.Command) {
	if _, ok := q.Verdict(c.ID); ok {
		m.commands.WithLabelValues(repeated).Inc()
		return
	}
	if v, ok := next.Verdict(c.ID); ok {
		m.commands.WithLabelValues(string(v.Result)).Inc()
	}
}

// changed counts a task in the sums beside the rows, by what people see of its state.
func (g *group) changed(c *context, e task.Changed) {
	g.metrics.changed(e)
	kind, from, to := e.Entry.Task.Kind, "", ""
	if e.From != "" && !e.From.Final() {
		from = e.From.Shown()
	}
	if !e.Entry.State.Final() {
		to = e.Entry.State.Shown()
	}
	if from == to {
		return
	}
	if from != "" {
		c.Add(topology.TasksSum(kind, from), big.NewInt(-1))
	}
	if to != "" {
		c.Add(topology.TasksSum(kind, to), big.NewInt(1))
	}
}
