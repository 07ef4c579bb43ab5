package tasks_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	auditcodec "github.com/millrace/millrace/codecs/audit"
	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/processors/tasks"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func TestScripts(t *testing.T) {
	registry := prometheus.NewRegistry()
	t.Cleanup(func() {
		metrictest.Known(t, registry, func(r prometheus.Registerer) { tasks.NewMetrics(r, kinds()) })
	})
	streamtest.Run(t, "testdata/*.txt", scriptConfig(registry))
}

// kinds are those of the scripts.
func kinds() task.Kinds {
	kind := func(name string, change func(*task.Kind)) task.Kind {
		k := task.DefaultKind(name)
		k.Retry.Jitter = 0
		change(&k)
		return k
	}
	plain := func(k *task.Kind) {}
	return task.BuiltIn().With(
		kind("call", plain),
		kind("hold", func(k *task.Kind) { k.OnExhausted, k.Retry.NonRetryable = task.Hold, []string{"gone"} }),
		kind("kept", func(k *task.Kind) { k.Persist, k.History = task.Always, time.Hour }),
		kind("tell", func(k *task.Kind) { k.Persist, k.Retry.MaxAttempts = task.Never, 1 }),
		kind("slow", func(k *task.Kind) { k.Limit = task.Limit{Runs: 1, Per: 10 * time.Second} }),
		kind("sweep", func(k *task.Kind) {
			k.Schedules = []task.Plan{{Name: "hourly", Spec: task.Spec{Cron: "0 * * * *", Zone: "UTC"}}}
		}),
		kind("once", func(k *task.Kind) { k.Retry.MaxAttempts = 1 }),
	)
}

func scriptConfig(registry prometheus.Registerer) streamtest.Config {
	t := topology.New(topology.Config{Partitions: 1, Replication: 1})
	return streamtest.Config{
		Build: func() streamtest.Processor {
			index := tasks.NewIndex(nil)
			return streamtest.Processor{
				Graph: tasks.Graph(kinds(), t, index, tasks.NewMetrics(registry, kinds())),
				Index: map[string]func(string, []byte){string(t.Catalog.Table()): func(key string, value []byte) {
					if err := index.Set(key, value); err != nil {
						panic(err)
					}
				}},
			}
		},
		Topics: []streamtest.Topic{
			{Name: t.Tasks.Name, Parse: parseTask}, {Name: t.TaskResults.Name, Parse: parseAnswer},
			{Name: t.TaskCommands.Name, Parse: parseCommand}, {Name: t.TaskRuns.Name, Format: formatRun},
			streamtest.JSON(t.RewardResults), {Name: t.Audit.Name, Format: formatLine},
		},
		Row: formatRow,
	}
}

// parseTask takes KEY ID KIND, then NAME=VALUE….
func parseTask(text string) ([]byte, error) {
	words := strings.Fields(text)
	s := &task.Submission{Task: task.Task{Key: words[0], ID: words[1], Kind: words[2], Payload: []byte(`{"n":1}`)}}
	for _, w := range words[3:] {
		name, value, _ := strings.Cut(w, "=")
		var err error
		switch name {
		case "dedupe":
			s.Dedupe = value
		case "due":
			var at time.Time
			at, err = time.Parse(time.TimeOnly, value)
			s.Due = instant.Of(at.AddDate(2026, 2, 0))
		case "priority":
			s.Priority, err = strconv.ParseInt(value, 10, 64)
		case "payload":
			s.Task.Payload = []byte(value)
		case "size":
			var n int
			n, err = strconv.Atoi(value)
			s.Task.Payload = []byte(`"` + strings.Repeat("x", n) + `"`)
		default:
			err = fmt.Errorf("no option %s", name)
		}
		if err != nil {
			return nil, err
		}
	}
	return taskcodec.Submission{}.Encode(s)
}

// parseAnswer takes KIND ID RUN OUTCOME [CODE|DURATION|OUTPUT].
func parseAnswer(text string) ([]byte, error) {
	words := strings.SplitN(text, " ", 5)
	run, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return nil, err
	}
	a := &task.Answer{Kind: words[0], TaskID: words[1], Run: run, Outcome: task.Outcome(words[3])}
	if len(words) < 5 {
		return taskcodec.Answer{}.Encode(a)
	}
	switch a.Outcome {
	case task.Fail:
		a.Code, a.Error = words[4], "it said "+words[4]
	case task.Snooze:
		a.For, err = time.ParseDuration(words[4])
	default:
		a.Output = []byte(words[4])
	}
	if err != nil {
		return nil, err
	}
	return taskcodec.Answer{}.Encode(a)
}

// parseCommand takes ID OP [TASK|LETTER|KIND/PLAN [PAYLOAD]]; a letter is as its dead letter has it.
func parseCommand(text string) ([]byte, error) {
	words := strings.SplitN(text, " ", 3)
	c := &task.Command{ID: words[0], Op: task.Op(words[1]), Actor: "eve"}
	switch c.Op {
	case task.OpReplay, task.OpDiscard:
		l, err := taskcodec.ParseLetter([]byte(words[2]))
		if err != nil {
			return nil, err
		}
		c.Letter = l.Entry
	case task.OpDeclare:
		kind, plan, _ := strings.Cut(words[2], "/")
		c.Kind = kind
		name, cron, _ := strings.Cut(plan, " ")
		c.Plan = task.Plan{Name: name, Spec: task.Spec{Cron: cron, Zone: "UTC"}}
	default:
		c.TaskID = words[2]
	}
	return taskcodec.Command{}.Encode(c)
}

func formatLine(b []byte) string {
	l, err := auditcodec.Line{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %s by %s: %s %s, %s to %s", l.Key(), l.CommandID, l.Actor, l.Action, l.Result, l.From, l.To)
}

func formatRun(b []byte) string {
	r, err := taskcodec.Run{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	if r.IdempotencyKey != r.Task.ID || r.Until != r.At.Add(task.Unclaimed) {
		return fmt.Sprintf("a strange run: %+v", r)
	}
	return fmt.Sprintf("%s %s run %d attempt %d at %s, %s", r.Task.Kind, r.Task.Key, r.Number, r.Attempt, clock(r.At), r.Mode)
}

// clock returns the time of day, and the day where it is not the scripts' first.
func clock(at instant.Milli) string {
	if t := at.Time(); t.Format(time.DateOnly) != "2026-03-01" {
		return t.Format("01-02T15:04:05.999")
	}
	return at.Time().Format("15:04:05.999")
}

func formatRow(b []byte) string {
	row, err := taskcodec.Row{}.Decode(b)
	switch {
	case err != nil:
		return err.Error()
	case row.Page != nil:
		return fmt.Sprintf("page of %d from %s", len(row.Page.Entries), row.Page.Entries[0].Task.ID)
	case row.Filed != nil:
		return fmt.Sprintf("filed %s until %s", formatEntry(row.Filed.Entry), clock(row.Filed.Until))
	case row.Bucket != nil:
		return fmt.Sprintf("bucket at slot %d", row.Bucket.Next)
	}
	return strings.Join(formatQueue(row.Queue), "; ")
}

func formatQueue(q *task.Queue) (parts []string) {
	if q.Head != nil {
		parts = append(parts, "head "+formatEntry(q.Head)+" until "+clock(q.Head.Until))
	}
	for i, e := range q.Waiting {
		if i == 3 && len(q.Waiting) > 6 {
			parts = append(parts, fmt.Sprintf("and %d more", len(q.Waiting)-i))
			break
		}
		parts = append(parts, e.Task.ID+" "+string(e.StateAt(q.Now)))
	}
	for _, p := range q.Pages {
		parts = append(parts, fmt.Sprintf("page %d of %d", p.Number, p.Count))
	}
	if q.Stopped != "" {
		parts = append(parts, "stopped by "+q.Stopped)
	}
	if q.Token.Kind != "" {
		parts = append(parts, "token for "+q.Token.Kind+" at "+clock(q.Token.At))
	}
	if j := q.Job; j != nil {
		parts = append(parts, fmt.Sprintf("schedule %s/%s %q next %s", j.Kind, j.Name, j.Spec.Cron, clock(j.Next)))
		if j.Retired {
			parts = append(parts, "retired")
		}
	}
	for _, v := range q.Verdicts {
		parts = append(parts, fmt.Sprintf("%s %s", v.CommandID, v.Result))
		for _, p := range v.Problems {
			parts = append(parts, p.Detail)
		}
	}
	return append(parts, fmt.Sprintf("%d seen", len(q.Seen)))
}

func formatEntry(e *task.Entry) string {
	out := fmt.Sprintf("%s %s run %d attempts %d", e.Task.ID, e.State, e.Run, e.Attempts)
	if e.Claimed {
		out += " claimed"
	}
	for _, p := range e.History.Runs {
		out += fmt.Sprintf(" [%d %s %s]", p.Run, p.Ending, p.Code)
	}
	return out
}

// Issue 14: base 1 s, factor 2, cap 60 s, nine attempts, through the group, on virtual time: these delays and then a
// dead letter. What waits behind a poisoned task waits in order; other keys run.
func TestBackoff(t *testing.T) {
	h := streamtest.New(t, scriptConfig(nil))
	h.ConsumeText("tasks", "k", "k poison call")
	h.ConsumeText("tasks", "k", "k second call")
	h.ConsumeText("tasks", "k", "k third call")
	for i, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		delay := time.Duration(seconds) * time.Second
		h.ConsumeText("tasks", "other", fmt.Sprintf("other x%d call", i))
		h.ConsumeText("task-results", "other", fmt.Sprintf("call x%d 1 ok", i))
		h.ConsumeText("task-results", "k", fmt.Sprintf("call poison %d fail busy", i+1))
		h.Wall(delay - time.Millisecond)
		if got := runsOf(t, h); len(got) != 2*i+2 {
			t.Fatalf("after %s less 1 ms of attempt %d: %v", delay, i+2, got)
		}
		h.Wall(time.Millisecond)
		got := runsOf(t, h)
		if want := fmt.Sprintf("poison run %d", i+2); len(got) != 2*i+3 || got[len(got)-1] != want {
			t.Fatalf("after %s: %v, want %s", delay, got, want)
		}
	}
	if letters := h.DeadLetters(); len(letters) != 0 {
		t.Fatalf("before the ninth failure: %v", letters)
	}
	h.ConsumeText("task-results", "k", "call poison 9 fail busy")
	letters := h.DeadLetters()
	if len(letters) != 1 || !strings.Contains(letters[0], "reason=task_exhausted") || strings.Count(letters[0], `"ending":"failed"`) != 9 {
		t.Fatalf("letters: %v", letters)
	}
	for i, id := range []string{"second", "third"} {
		got := runsOf(t, h)
		if got[len(got)-1] != id+" run 1" {
			t.Fatalf("behind the poison, %d: %v", i, got)
		}
		h.ConsumeText("task-results", "k", "call "+id+" 1 ok")
	}
}

// A recurring task that was exhausted, then succeeded, then fails starts at 1 s.
func TestSuccessResetsTheBackoffOfARecurringTask(t *testing.T) {
	h := streamtest.New(t, scriptConfig(nil))
	key := task.JobKey("sweep", "hourly")
	h.ConsumeText("task-commands", key, "c1 declare sweep/hourly 0 * * * *")
	fire := func() string {
		h.Wall(time.Hour)
		records := h.Records("task-runs")
		r, err := taskcodec.Run{}.Decode(records[len(records)-1].Value)
		if err != nil || r.Number != 1 || r.Attempt != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		return r.Task.ID
	}
	id := fire()
	for i := range 9 {
		h.ConsumeText("task-results", key, fmt.Sprintf("sweep %s %d fail busy", id, i+1))
		if i < 8 {
			h.Wall(time.Minute)
		}
	}
	if letters := h.DeadLetters(); len(letters) != 1 {
		t.Fatalf("letters: %v", letters)
	}
	id = fire()
	h.ConsumeText("task-results", key, "sweep "+id+" 1 ok")
	id = fire()
	h.ConsumeText("task-results", key, "sweep "+id+" 1 fail busy")
	h.Wall(time.Second - time.Millisecond)
	n := len(h.Records("task-runs"))
	h.Wall(time.Millisecond)
	got := runsOf(t, h)
	if len(got) != n+1 || got[n] != id+" run 2" {
		t.Errorf("1 s after the failure: %v", got[n-1:])
	}
}

// runsOf returns every run that was handed out, in order.
func runsOf(t *testing.T, h *streamtest.Harness) (runs []string) {
	t.Helper()
	for _, r := range h.Records("task-runs") {
		run, err := taskcodec.Run{}.Decode(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, fmt.Sprintf("%s run %d", run.Task.ID, run.Number))
	}
	return runs
}

// A paused kind starts nothing, and costs no timer; once it is resumed a visit lets its keys go on. The same visit
// retires schedules that are declared no more.
func TestPauseAndRetire(t *testing.T) {
	top := topology.New(topology.Config{Partitions: 1, Replication: 1})
	row := func(paused bool) []byte {
		b, err := catalogcodec.Row{}.Encode(&catalog.Row{
			Kind: catalog.KindTaskPause, EntityID: "call", Revision: 1, Entity: catalog.TaskPause{Name: "call", Reason: "r", Paused: paused},
		})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	resumed := 0
	index := tasks.NewIndex(func() { resumed++ })
	set := func(paused bool) {
		t.Helper()
		if err := index.Set(catalog.Key(catalog.KindTaskPause, "call"), row(paused)); err != nil {
			t.Fatal(err)
		}
	}
	c := scriptConfig(nil)
	declared := kinds()
	c.Build = func() streamtest.Processor {
		return streamtest.Processor{Graph: tasks.Graph(declared, top, index, tasks.NewMetrics(nil, declared))}
	}
	h := streamtest.New(t, c)
	set(true)
	set(true)
	h.ConsumeText("tasks", "k", "k a call")
	h.ConsumeText("tasks", "l", "l b once")
	h.ConsumeText("task-commands", "schedule:sweep/hourly", "c1 declare sweep/hourly 0 * * * *")
	h.Visit(tasks.SettleVisit)
	if got := runsOf(t, h); len(got) != 1 || got[0] != "b run 1" || !index.Paused("call") || resumed != 0 {
		t.Fatalf("paused: %v, resumed %d times", got, resumed)
	}
	if rows := h.Table("k"); len(rows) != 1 || !strings.Contains(rows[0], "stopped by call") {
		t.Fatalf("%q", rows)
	}
	set(false)
	if resumed != 1 {
		t.Fatalf("resumed %d times", resumed)
	}
	h.Visit(tasks.SettleVisit)
	h.Visit(tasks.SettleVisit)
	if got := runsOf(t, h); len(got) != 2 || got[1] != "a run 1" {
		t.Fatalf("resumed: %v", got)
	}
	if rows := h.Table("schedule"); len(rows) != 1 || strings.Contains(rows[0], "retired") {
		t.Fatalf("a schedule that is declared: %q", rows)
	}
	declared = task.BuiltIn().With(task.DefaultKind("sweep"))
	h.Restart()
	h.Visit(tasks.SettleVisit)
	if rows := h.Table("schedule"); len(rows) != 1 || !strings.Contains(rows[0], "retired") {
		t.Errorf("one that is not: %q", rows)
	}
}

// A key with more tasks than its row has room for: pages lie in other partitions, each task runs once, in order.
func TestPages(t *testing.T) {
	c := scriptConfig(nil)
	c.Partitions = 4
	top := topology.New(topology.Config{Partitions: 4, Replication: 1})
	c.Build = func() streamtest.Processor {
		return streamtest.Processor{Graph: tasks.Graph(kinds(), top, tasks.NewIndex(nil), tasks.NewMetrics(nil, kinds()))}
	}
	h := streamtest.New(t, c)
	const n = 2*task.MaxWaiting + 100
	var messages []streamtest.Message
	for i := range n {
		b, err := taskcodec.Submission{}.Encode(&task.Submission{Task: task.Task{Key: "k", ID: fmt.Sprint(i), Kind: "call"}})
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, streamtest.Message{Topic: "tasks", Key: "k", Partition: -1, Value: b})
	}
	h.Consume(messages...)
	if rows := h.Table("k"); len(rows) < 3 {
		t.Fatalf("no pages: %q", rows)
	}
	h.Restart()
	for i := range n {
		runs := runsOf(t, h)
		if got := runs[len(runs)-1]; got != fmt.Sprint(i, " run 1") {
			t.Fatalf("number %d is %s", i, got)
		}
		h.ConsumeText("task-results", "k", fmt.Sprintf("call %d 1 ok", i))
	}
	if rows := h.Table(""); len(rows) != 0 || len(h.Records("task-runs")) != n {
		t.Errorf("left: %q, %d runs", rows, len(h.Records("task-runs")))
	}
}

// Tasks by kind, from their arrival to their end, and how many stand where.
func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := streamtest.New(t, scriptConfig(registry))
	h.ConsumeText("tasks", "k", "k a call")
	h.ConsumeText("tasks", "k", "k a call")
	h.ConsumeText("tasks", "k", "k b call")
	h.ConsumeText("tasks", "l", "l c once")
	h.ConsumeText("tasks", "m", "m d tell")
	h.ConsumeText("tasks", "n", "n e call due=13:00:00")
	h.Wall(time.Second)
	h.ConsumeText("task-results", "k", "call a 1 fail busy")
	h.ConsumeText("task-results", "l", "once c 1 fail busy")
	h.ConsumeText("task-results", "l", "once c 1 ok")
	h.ConsumeText("task-commands", "n", "c1 cancel none")
	want := []string{
		"millrace_task_answers_stale_total 1",
		"millrace_task_commands_total{verdict=refused} 1",
		"millrace_task_runs_ended_total{ending=failed,kind=call} 1",
		"millrace_task_runs_ended_total{ending=failed,kind=once} 1",
		"millrace_task_runs_ended_total{ending=sent,kind=tell} 1",
		"millrace_task_runs_started_total{kind=call} 1",
		"millrace_task_runs_started_total{kind=once} 1",
		"millrace_task_runs_started_total{kind=tell} 1",
		"millrace_tasks_dropped_total{cause=repeated,kind=call} 1",
		"millrace_tasks_ended_total{kind=once,state=exhausted} 1",
		"millrace_tasks_ended_total{kind=tell,state=sent} 1",
		"millrace_tasks_submitted_total{kind=call} 3",
		"millrace_tasks_submitted_total{kind=once} 1",
		"millrace_tasks_submitted_total{kind=tell} 1",
	}
	if diff := cmp.Diff(want, metrictest.Moved(t, registry)); diff != "" {
		t.Error(diff)
	}
	h.Wall(time.Second)
	h.ConsumeText("task-results", "k", "call a 2 ok")
	if got, want := attemptsOf(t, registry), "call 1 of 2, once 1 of 1"; got != want {
		t.Errorf("attempts: %s, want %s", got, want)
	}
	sums := []string{"tasks/parked/call 0", "tasks/running/call 1", "tasks/running/once 0", "tasks/waiting/call 1", "tasks/waiting/once 0", "tasks/waiting/tell 0"}
	if diff := cmp.Diff(sums, h.Sums()); diff != "" {
		t.Error(diff)
	}
}

// attemptsOf returns of how many tasks attempts were counted, and how many in all.
func attemptsOf(t *testing.T, g prometheus.Gatherer) string {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if h := m.GetHistogram(); f.GetName() == "millrace_task_attempts" && h.GetSampleCount() > 0 {
				out = append(out, fmt.Sprintf("%s %d of %v", m.GetLabel()[0].GetValue(), h.GetSampleCount(), h.GetSampleSum()))
			}
		}
	}
	return strings.Join(out, ", ")
}
