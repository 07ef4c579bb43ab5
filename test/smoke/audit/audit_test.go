package audit

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/engine/watermark"
)

func TestACleanRunHasNoFindings(t *testing.T) {
	c := record(t)
	v := c.judge(c.records)
	if !v.OK() {
		t.Errorf("lost %d, duplicated %d, different %d, zombie %d:\n%s", v.Lost, v.Duplicated, v.Different, v.Zombie, strings.Join(v.Findings[:min(len(v.Findings), 10)], "\n"))
	}
	if v.Standings == 0 {
		t.Error("no statuses were compared")
	}
	if tame := v.Tame(); len(tame) > 0 {
		t.Error(tame)
	}
}

// only is what of a verdict a bug must raise; the rest must stay as it is unless it is any.
type only struct{ lost, duplicated, different, zombie, any bool }

func TestBugsAreCaught(t *testing.T) {
	c := record(t)
	topic := func(name string) string { return c.topo.Config.Prefix + name }
	cases := []struct {
		name string
		bug  func([]*kgo.Record) []*kgo.Record
		want only
	}{
		{"a lost event", drop(topic("transactions"), 100), only{lost: true, any: true}},
		{"a doubled event", again(topic("transactions"), 100), only{duplicated: true, any: true}},
		{"a lost posting", drop(topic("postings"), 50), only{lost: true}},
		{"a doubled posting", again(topic("postings"), 50), only{duplicated: true}},
		{"a lost attempt", drop(topic("attempts"), 70), only{lost: true}},
		{"a doubled attempt", again(topic("attempts"), 70), only{duplicated: true}},
		{"a lost dead letter", drop(topic("dead-letters"), 5), only{lost: true}},
		{"a doubled dead letter", again(topic("dead-letters"), 5), only{duplicated: true}},
		{"a dead letter with another reason", change(topic("dead-letters"), 5, func(r *kgo.Record) { r.Headers[0].Value = []byte("malformed_") }), only{different: true}},
		{"a lost final", drop(topic("health-windows"), 10), only{lost: true, any: true}},
		{"a doubled final", again(topic("health-windows"), 10), only{duplicated: true}},
		{"a lost status", drop(topic("health-status"), 3), only{lost: true, any: true}},
		{"a doubled status", again(topic("health-status"), 3), only{duplicated: true, any: true}},
		{"another status", change(topic("health-status"), 3, func(r *kgo.Record) { r.Value = []byte(`{}`) }), only{different: true}},
		{"a status of something unknown", change(topic("health-status"), 3, func(r *kgo.Record) { r.Key = []byte("upi/nobody") }), only{different: true, any: true}},
		{"all scores of a while are lost", func(in []*kgo.Record) []*kgo.Record {
			from := find(in, topic("health-scores"), 40)
			return slices.DeleteFunc(in, func(r *kgo.Record) bool {
				return r.Topic == topic("health-scores") && !watermark.Is(r.Value) && r.Offset >= in[from].Offset
			})
		}, only{any: true}},
		{"a lost downtime", drop(topic("downtimes"), 0), only{lost: true, any: true}},
		{"a lost outcome", drop(topic("outcomes"), 3), only{lost: true, any: true}},
		{"a doubled outcome", again(topic("outcomes"), 3), only{duplicated: true, any: true}},
		{"a lost verdict of a budget", drop(topic("rewards-in"), 3), only{different: true}},
		{"a doubled verdict of a budget", again(topic("rewards-in"), 3), only{different: true}},
		{"a lost return", drop(topic("budget-returns"), 3), only{different: true}},
		{"a doubled return", again(topic("budget-returns"), 3), only{different: true}},
		{"a doubled notification", again(topic("notifications"), 3), only{duplicated: true, any: true}},
		{"a lost notification", drop(topic("notifications"), 3), only{different: true}},
		{"a lost command", drop(topic("claims"), 3), only{different: true}},
		{"a command that was never judged", change(topic("claims"), 3, func(r *kgo.Record) {
			r.Value = must(c, rewardcodec.Command{}.Encode, &reward.Command{ID: "x", Op: reward.Claim})
		}), only{different: true}},
		{"a row of a budget goes back", back(string(c.topo.Budget.Table())), only{different: true}},
		{"a row of rewards goes back", back(string(c.topo.Rewards.Table())), only{different: true}},
		{"a lost task", drop(topic("tasks"), 1), only{different: true}},
		{"a doubled task", again(topic("tasks"), 1), only{duplicated: true}},
		{"a run that was handed out twice", again(topic("task-runs"), 1), only{duplicated: true}},
		{"a task that waits", back(string(c.topo.TaskQueues.Table())), only{lost: true}},
		{"a lost result", drop(topic("reward-results"), 0), only{lost: true, any: true}},
		{"a doubled journal entry", again(topic("ledger-journal"), 30), only{duplicated: true, any: true}},
		{"a row of the ledger goes back", back(string(c.topo.Ledger.Table())), only{different: true}},
		{"a row of progress goes back", back(string(c.topo.Progress.Table())), only{different: true}},
		{"a row is deleted", deleted(string(c.topo.Ledger.Table())), only{lost: true}},
		{"a line is not sent", drop(topic("payments"), 20), only{lost: true, any: true}},
		{"an unreadable posting", change(topic("postings"), 50, func(r *kgo.Record) { r.Value = []byte{9, 9} }), only{lost: true, different: true}},
		{"a fenced producer", fenced(topic("postings"), 50), only{zombie: true}},
		{"records out of order", func(in []*kgo.Record) []*kgo.Record {
			i := find(in, topic("postings"), 50)
			in[i] = copyOf(in[i])
			in[i].Offset = 10
			return in
		}, only{different: true, any: true}},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			v := c.judge(renumbered(tt.bug(slices.Clone(c.records)), tt.name == "records out of order"))
			got := only{v.Lost > 0, v.Duplicated > 0, v.Different > 0, v.Zombie > 0, tt.want.any}
			missed := tt.want.lost && !got.lost || tt.want.duplicated && !got.duplicated || tt.want.different && !got.different || tt.want.zombie && !got.zombie
			if v.OK() || missed || !tt.want.any && got != tt.want {
				t.Errorf("lost %d, duplicated %d, different %d, zombie %d; want %+v:\n%s", v.Lost, v.Duplicated, v.Different, v.Zombie, tt.want, strings.Join(v.Findings[:min(len(v.Findings), 10)], "\n"))
			}
		})
	}
}

func TestEffectsAreThoseOfTheTasks(t *testing.T) {
	c := record(t)
	effects := c.run.Effects
	for name, tt := range map[string]struct {
		effect string
		keys   []string
		want   only
	}{
		"none":              {"tell t2", nil, only{lost: true}},
		"no payment":        {"reward_payout rw_elsewhere 1", nil, only{lost: true}},
		"under two keys":    {"tell t3", []string{"t3", "t3/2"}, only{duplicated: true}},
		"under another key": {"tell t3", []string{"t3/2"}, only{different: true}},
		"for nobody":        {"tell t4", []string{"t4"}, only{different: true}},
	} {
		c.run.Effects = maps.Clone(effects)
		if c.run.Effects[tt.effect] = tt.keys; tt.keys == nil {
			delete(c.run.Effects, tt.effect)
		}
		v := c.judge(c.records)
		if got := (only{v.Lost > 0, v.Duplicated > 0, v.Different > 0, v.Zombie > 0, false}); got != tt.want {
			t.Errorf("%s: %+v, want %+v: %v", name, got, tt.want, v.Findings)
		}
	}
}

func TestAnswersOverHTTPAreThoseOfTheVerdicts(t *testing.T) {
	c := record(t)
	for i := range c.run.Answers[:2] {
		c.run.Answers[i].Status = map[int]int{http.StatusOK: http.StatusNotFound}[c.run.Answers[i].Status]
	}
	if v := c.judge(c.records); v.Different != 2 {
		t.Errorf("%d different, want 2: %v", v.Different, v.Findings)
	}
}

func TestDoublesWhileAZombieWakesAreItsDoing(t *testing.T) {
	c := record(t)
	records := renumbered(again(c.topo.Postings.Name, 50)(slices.Clone(c.records)), false)
	at := records[len(records)-1].Timestamp
	c.run.Wakes = []Span{{at.Add(-time.Second), at.Add(time.Second)}}
	if v := c.judge(records); v.Zombie != 1 || v.Duplicated != 1 {
		t.Errorf("zombie %d, duplicated %d", v.Zombie, v.Duplicated)
	}
	c.run.Wakes = []Span{{at.Add(time.Second), at.Add(2 * time.Second)}}
	if v := c.judge(records); v.Zombie != 0 || v.Duplicated != 1 {
		t.Errorf("before it woke: zombie %d, duplicated %d", v.Zombie, v.Duplicated)
	}
}

func TestTakeTellsDoublesAtOnce(t *testing.T) {
	c := record(t)
	tape := NewTape(c.topo)
	wrong := 0
	for _, r := range renumbered(again(c.topo.HealthWindows.Name, 10)(slices.Clone(c.records)), false) {
		wrong += len(tape.Add(r))
	}
	if wrong != 1 {
		t.Errorf("%d complaints, want one", wrong)
	}
}

func TestControlRecordsOnlyMoveTheEnd(t *testing.T) {
	c := record(t)
	tape := NewTape(c.topo)
	table := string(c.topo.Ledger.Table())
	tape.Add(c.records[find(c.records, table, 0)])
	marker := &kgo.Record{Topic: table, Offset: 1, ProducerID: 4, Attrs: kgo.NewRecordAttrs(kgo.RecordAttrsOpts{Transactional: true, Control: true})}
	ends := map[string]map[int32]int64{table: {0: 2}}
	if tape.Reached(ends) {
		t.Error("reached before it was read")
	}
	tape.Add(marker)
	if !tape.Reached(ends) || tape.Rows()[table][0] != 1 {
		t.Errorf("ends %v, rows %v", tape.ends, tape.Rows())
	}
}

// find returns where the n-th record of topic is that is no watermark.
func find(in []*kgo.Record, topic string, n int) int {
	for i, r := range in {
		if r.Topic == topic && !watermark.Is(r.Value) {
			if n--; n < 0 {
				return i
			}
		}
	}
	panic("no such record of " + topic)
}

func copyOf(r *kgo.Record) *kgo.Record { c := *r; c.Headers = slices.Clone(r.Headers); return &c }

func drop(topic string, n int) func([]*kgo.Record) []*kgo.Record {
	return func(in []*kgo.Record) []*kgo.Record { i := find(in, topic, n); return slices.Delete(in, i, i+1) }
}

func again(topic string, n int) func([]*kgo.Record) []*kgo.Record {
	return func(in []*kgo.Record) []*kgo.Record { return append(in, copyOf(in[find(in, topic, n)])) }
}

func change(topic string, n int, how func(*kgo.Record)) func([]*kgo.Record) []*kgo.Record {
	return func(in []*kgo.Record) []*kgo.Record {
		i := find(in, topic, n)
		in[i] = copyOf(in[i])
		how(in[i])
		return in
	}
}

// back writes the first row of the busiest key once more, as a worker does that has lost what came since.
func back(table string) func([]*kgo.Record) []*kgo.Record {
	return func(in []*kgo.Record) []*kgo.Record {
		rows, busiest := map[string][]*kgo.Record{}, ""
		for _, r := range in {
			if r.Topic != table {
				continue
			}
			key := string(r.Key)
			if rows[key] = append(rows[key], r); len(rows[key]) > len(rows[busiest]) {
				busiest = key
			}
		}
		return append(in, copyOf(rows[busiest][0]))
	}
}

func deleted(table string) func([]*kgo.Record) []*kgo.Record {
	return func(in []*kgo.Record) []*kgo.Record {
		r := copyOf(in[find(in, table, 40)])
		r.Value = nil
		return append(in, r)
	}
}

// fenced gives the topic a producer whose epoch falls once.
func fenced(topic string, n int) func([]*kgo.Record) []*kgo.Record {
	return func(in []*kgo.Record) []*kgo.Record {
		at := find(in, topic, n)
		for i, r := range in {
			if r.Topic == topic {
				in[i] = copyOf(r)
				in[i].ProducerID, in[i].ProducerEpoch = 7, 1
			}
		}
		in[at].ProducerEpoch = 0
		return in
	}
}

// renumbered gives the records of each topic rising offsets again.
func renumbered(in []*kgo.Record, keep bool) []*kgo.Record {
	if keep {
		return in
	}
	next := map[string]int64{}
	for i, r := range in {
		r = copyOf(r)
		if !strings.HasSuffix(r.Topic, "payments") { // events name their payments record by its offset
			r.Offset = next[r.Topic]
			next[r.Topic]++
		}
		in[i] = r
	}
	return in
}

func TestAWatermarkBeforeItsTimersIsNoticed(t *testing.T) {
	c := record(t)
	attempts := c.topo.Attempts.Name
	word := func(at int64) *kgo.Record {
		return &kgo.Record{Topic: attempts, ProducerID: -1, Value: watermark.Record{Origin: c.topo.Ledger.Name, Sources: 1, Time: at}.Append(nil)}
	}
	var due int64 // of a payment that timed out, and was not overdue
	want := c.judge(c.records).Want
	for key, a := range want.Attempts {
		if a.Outcome == "timeout" && !want.Overdue[key.Transaction] {
			due = int64(a.At)
			break
		}
	}
	if due == 0 {
		t.Fatal("no timeouts")
	}
	for before, wrong := range map[int64]bool{1: false, 0: true} {
		in := slices.Insert(slices.Clone(c.records), 0, word(due-before))
		if v := c.judge(renumbered(in, false)); strings.Contains(strings.Join(v.Findings, "\n"), "after its source had said that it was 0 ms later") != wrong {
			t.Errorf("a word %d ms before the timeout: %v", before, v.Findings)
		}
	}
}
