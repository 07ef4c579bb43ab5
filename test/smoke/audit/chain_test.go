package audit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/traffic"
)

const missions = `[
{"id":"spend","title":"Spend","currency":"INR","goal":{"metric":"amount","target":500000},"filters":[],
 "window":{"kind":"fixed","from":"2026-02-28","to":"2026-03-02"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":1,"expires_after":"20s"},"grant":{"mode":"claim"},"limits":{"completions_per_user":7},"status":"active"},
{"id":"scarce","title":"Scarce","currency":"INR","goal":{"metric":"count","target":3},"filters":[],
 "window":{"kind":"fixed","from":"2026-02-28","to":"2026-03-02"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":3},"limits":{"completions_per_user":0,"budget":400,"over_budget":"truncate"},"status":"active"},
{"id":"claimed","title":"Claimed","currency":"INR","goal":{"metric":"distinct","field":"merchant","target":5},"filters":[],
 "window":{"kind":"fixed","from":"2026-02-28","to":"2026-03-02"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":5},"grant":{"mode":"claim"},"status":"active"},
{"id":"early","title":"Early","currency":"INR","goal":{"metric":"count","target":1},"filters":[],
 "window":{"kind":"fixed","from":"2026-03-01T00:00:00Z","to":"2026-03-01T00:05:00Z"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":2},"grant":{"hold":"10s"},"limits":{"completions_per_user":0},"status":"active"},
{"id":"own","title":"Own","currency":"INR","goal":{"metric":"count","target":2},"filters":[],
 "window":{"kind":"per_user","duration":"2h","start":"first_payment"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":2},"limits":{"completions_per_user":3},"status":"active"}]`

// recording is what a run without faults leaves behind: the decisions of the domain one after the other, with every
// record that a processor would write.
type recording struct {
	t        *testing.T
	topo     *topology.Topology
	records  []*kgo.Record
	next     map[string]int64
	run      Run
	missions *mission.Snapshot
	memory   mission.Config
	now      instant.Milli // of the ledger
	attempts instant.Milli // of health
	ledger   map[string]*ledger.Row
	users    map[string]*mission.UserRow
	health   map[string]*health.Row
	modes    map[string]*health.ModeRow
	budgets  map[string]*budget.Row
	purses   map[string]*reward.Row
	scores   instant.Milli // of routing
	dues     []due
	asks     []*reward.Command // to be judged
	notices  int
}

// due is when time will change something of a user's rewards.
type due struct {
	at   instant.Milli
	user string
}

// record makes a recording of a few thousand lines on one partition.
func record(t *testing.T) *recording {
	t.Helper()
	return recordOf(t, mission.DefaultConfig())
}

// recordOf makes one in which users' rows remember so much.
func recordOf(t *testing.T, memory mission.Config) *recording {
	t.Helper()
	c := &recording{
		t: t, memory: memory, topo: topology.New(topology.Config{Prefix: "test-", Partitions: 1, Replication: 1}), next: map[string]int64{},
		ledger: map[string]*ledger.Row{}, users: map[string]*mission.UserRow{}, health: map[string]*health.Row{},
		modes: map[string]*health.ModeRow{}, budgets: map[string]*budget.Row{}, purses: map[string]*reward.Row{},
	}
	parsed, err := missioncodec.ParseAll(strings.NewReader(missions))
	if err != nil {
		t.Fatal(err)
	}
	index := mission.NewIndex()
	for _, m := range parsed {
		v := mission.NewHistory(m, 0)
		if problems := index.Put(m.ID, &v); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	c.missions = index.Snapshot()
	if err := json.Unmarshal([]byte(missions), &c.run.Missions); err != nil {
		t.Fatal(err)
	}
	cfg := traffic.DefaultConfig()
	cfg.Seed, cfg.Rate, cfg.Flat, cfg.Count = 5, 6, true, 4_000
	cfg.Users, cfg.Merchants, cfg.RefundWithin = 30, 50, 3*time.Minute
	cfg.Hanging, cfg.Refunds, cfg.EarlyRefunds, cfg.Late, cfg.Duplicates, cfg.Altered = 0.01, 0.1, 0.2, 0.02, 0.02, 0.01
	cfg.Anomalies, cfg.Poison = 0.03, 0.01
	g, err := traffic.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for r, ok := g.Next(); ok; r, ok = g.Next() {
		c.run.Sent = append(c.run.Sent, r)
		c.line(r)
	}
	c.enrol("usr_1")
	c.clock(c.now + 900_000)
	c.now += 900_000
	c.ring()
	c.errands()
	return c
}

// errands are a payout and two webhooks, one with two runs. All came to their end.
func (c *recording) errands() {
	asked := rewardcodec.Payout("usr_1", reward.TaskRequested{TaskID: "t1", Kind: task.RewardPayout, Epoch: 1, Amount: 5,
		Reward: &reward.Reward{ID: "rw_elsewhere", Kind: mission.RewardCash, Currency: "INR"}})
	told := func(id string) *task.Submission {
		return &task.Submission{Task: task.Task{ID: id, Kind: "tell", Key: "tell/" + id}}
	}
	for _, s := range []*task.Submission{asked, told("t2"), told("t3")} {
		write(c, c.topo.Tasks, s.Task.Key, s)
		write(c, c.topo.TaskRuns, s.Task.ID, &task.Run{Task: s.Task, Number: 1, IdempotencyKey: s.Task.ID})
	}
	write(c, c.topo.TaskRuns, "t3", &task.Run{Task: told("t3").Task, Number: 2, IdempotencyKey: "t3"})
	write(c, c.topo.RewardResults, "usr_1", &reward.Result{TaskID: "t1", UserID: "usr_1", RewardID: "rw_elsewhere", Epoch: 1, OK: true})
	table := string(c.topo.TaskQueues.Table())
	busy := &task.Row{Queue: &task.Queue{Head: &task.Entry{Task: told("t2").Task, State: task.Running, Run: 1}}}
	c.put(table, "tell/t2", must(c, taskcodec.Row{}.Encode, busy))
	c.put(table, "tell/t2", must(c, taskcodec.Row{}.Encode, &task.Row{Queue: &task.Queue{Last: 1}}))
	c.run.Effects = map[string][]string{"reward_payout rw_elsewhere 1": {"t1"}, "tell t2": {"t2"}, "tell t3": {"t3"}}
}

// write adds a record to a topic.
func write[V any](c *recording, topic stream.Topic[V], key string, value V) *kgo.Record {
	raw, err := topic.Codec.Encode(value)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.put(topic.Name, key, raw)
}

func (c *recording) put(topic, key string, value []byte) *kgo.Record {
	r := &kgo.Record{Topic: topic, Key: []byte(key), Value: value, Offset: c.next[topic], ProducerID: -1, Timestamp: time.UnixMilli(int64(len(c.records)))}
	c.next[topic]++
	c.records = append(c.records, r)
	return r
}

func (c *recording) refuse(group, id string, reason payment.Reason) {
	r := c.put(c.topo.DeadLetterRecords.Name, id, []byte("{}"))
	r.Headers = []kgo.RecordHeader{{Key: stream.HeaderReason, Value: []byte(reason)}, {Key: stream.HeaderGroup, Value: []byte(group)}}
}

func (c *recording) line(l traffic.Record) {
	r := c.put(c.topo.Payments.Name, l.Key, l.Value)
	origin := payment.Origin{Topic: r.Topic, Offset: r.Offset, Timestamp: instant.Of(l.At), Key: r.Key}
	in, err := paymentcodec.Payments{}.Decode(l.Value)
	if err != nil {
		reason := payment.Malformed
		if known, ok := err.(interface{ DeadLetterReason() string }); ok {
			reason = payment.Reason(known.DeadLetterReason())
		}
		c.refuse(c.topo.Intake.Name, topology.Coordinates(origin).String(), reason)
		return
	}
	n, problem := payment.Normalise(in, origin, payment.DefaultConfig())
	if problem != nil {
		c.refuse(c.topo.Intake.Name, topology.Coordinates(origin).String(), problem.Reason)
		return
	}
	written := write(c, c.topo.Transactions, n.Event.TransactionID, n.Event)
	e, err := paymentcodec.Event{}.Decode(written.Value)
	if err != nil {
		c.t.Fatal(err)
	}
	next, effects := ledger.Apply(c.ledger[e.TransactionID], e, c.now, ledger.DefaultConfig())
	c.settle(e.TransactionID, next, effects)
	if e.UpdatedAt > c.now {
		c.now = e.UpdatedAt
		c.watermark(c.now)
		c.ring()
	}
}

func (c *recording) settle(id string, next *ledger.Row, effects []ledger.Effect) {
	c.ledger[id] = next
	if next != nil {
		c.put(string(c.topo.Ledger.Table()), id, must(c, ledgercodec.Row{}.Encode, next))
	}
	for _, e := range effects {
		switch e := e.(type) {
		case ledger.Posted:
			write(c, c.topo.Postings, e.Posting.UserID, e.Posting)
			c.progress(e.Posting)
		case ledger.Attempted:
			write(c, c.topo.Attempts, e.Attempt.Key(), e.Attempt)
			next, more := health.Observe(health.DefaultSettings(), c.health[e.Attempt.Key()], e.Attempt, health.Source{Topic: "attempts"}, c.attempts)
			c.health[e.Attempt.Key()] = next
			c.windows(more)
			c.attempts = max(c.attempts, e.Attempt.At)
			c.route(c.attempts)
		case ledger.Journalled:
			write(c, c.topo.Journal, id, e.Entry)
		case ledger.Refused:
			c.refuse(c.topo.Ledger.Name, topology.Coordinates(e.Event.Origin).String(), e.Reason)
		}
	}
}

func must[V any](c *recording, encode func(V) ([]byte, error), v V) []byte {
	raw, err := encode(v)
	if err != nil {
		c.t.Fatal(err)
	}
	return raw
}

func (c *recording) progress(p *ledger.Posting) {
	next, effects := mission.Apply(c.users[p.UserID], p, c.missions, c.memory)
	c.users[p.UserID] = next
	c.put(string(c.topo.Progress.Table()), p.UserID, must(c, missioncodec.UserRow{}.Encode, next))
	for _, e := range effects {
		if o, ok := e.(*mission.Outcome); ok {
			write(c, c.topo.Outcomes, o.Mission, o)
			next, effects := budget.Judge(c.budgets[o.Mission], o)
			c.budget(o.Mission, next, effects)
		}
	}
}

func (c *recording) budget(id string, next *budget.Row, effects []budget.Effect) {
	c.budgets[id] = next
	c.put(string(c.topo.Budget.Table()), id, must(c, rewardcodec.BudgetRow{}.Encode, next))
	for _, e := range effects {
		a := e.(budget.Allotted).Allotment
		write(c, c.topo.RewardsIn, a.UserID, a)
		row, more := reward.ApplyAllotment(c.purses[a.UserID], a.UserID, a, c.now)
		c.reward(a.UserID, row, more)
	}
}

// reward takes what became of a user's rewards, and then what that makes somebody ask for.
func (c *recording) reward(user string, row *reward.Row, effects []reward.Effect) {
	c.purses[user] = row
	c.put(string(c.topo.Rewards.Table()), user, must(c, rewardcodec.Row{}.Encode, row))
	for _, e := range effects {
		switch e := e.(type) {
		case reward.Changed:
			n := reward.NoticeOf(user, e)
			write(c, c.topo.Notifications, user, n)
			c.wish(n)
		case reward.Settled:
			write(c, c.topo.BudgetReturns, e.Return.Mission, e.Return)
			next, _ := budget.Resolve(c.budgets[e.Return.Mission], e.Return)
			c.budget(e.Return.Mission, next, nil)
		case reward.Paged:
			c.put(string(c.topo.Rewards.Table()), e.Key, must(c, rewardcodec.Row{}.Encode, reward.Keep(e.Entries)))
		case reward.Due:
			c.dues = append(c.dues, due{e.At, user})
		}
	}
	for len(c.asks) > 0 {
		x := c.asks[0]
		c.asks = c.asks[1:]
		write(c, c.topo.Claims, user, x)
		next, more := reward.Judge(c.purses[user], x, nil, c.now)
		c.reward(user, next, more)
		v, _ := next.Verdict(x.ID)
		if x.Proof.Role != "" {
			status := map[verdict.Result]int{verdict.Applied: http.StatusOK, verdict.Unchanged: http.StatusOK, verdict.Refused: http.StatusUnprocessableEntity}[v.Result]
			c.run.Answers = append(c.run.Answers, Answer{user, x.RewardID, status})
		}
	}
}

// wish lets users claim what they can, and what they cannot, and support do what it does, all of it now and then.
func (c *recording) wish(n *reward.Notice) {
	c.notices++
	x := &reward.Command{ID: fmt.Sprint("command-", c.notices), Op: reward.Claim, UserID: n.UserID, RewardID: n.RewardID, Reason: "for the test"}
	switch c.notices % 30 {
	case 0:
		x.Proof.Role = "user"
	case 1:
		c.asks = append(c.asks, x) // and again
	case 2:
		x.Op = reward.Cancel
	case 3:
		x.Op, x.Reward, x.RewardID = reward.Goodwill, mission.Reward{Kind: mission.RewardCoins, Amount: 1}, reward.GoodwillID(n.UserID, x.ID)
	case 4:
	case 5:
		x.Op, x.SpendID, x.Amount, x.RewardID = reward.Spend, fmt.Sprint("spend-", n.UserID), 1, ""
	case 6:
		x.Op, x.SpendID, x.RewardID = reward.ReverseSpend, fmt.Sprint("spend-", n.UserID), ""
	case 7:
		x.Op, x.SpendID, x.Amount, x.RewardID = reward.Spend, fmt.Sprint("dear-", n.UserID), 1<<40, ""
	default:
		return
	}
	c.asks = append(c.asks, x)
}

// ring lets holds and rewards end whose time has come.
func (c *recording) ring() {
	for i := 0; i < len(c.dues); i++ {
		d := c.dues[i]
		if d.at > c.now {
			continue
		}
		c.dues = slices.Delete(c.dues, i, i+1)
		i = -1 // what follows may be due, too
		if next, effects := reward.AdvanceTo(c.purses[d.user], d.user, c.now); len(effects) > 0 {
			c.reward(d.user, next, effects)
		}
	}
}

// enrol lets a user ask for a mission that there is not.
func (c *recording) enrol(user string) {
	e := &mission.Enrolment{ID: "enrolment-" + user, Op: mission.Enrol, UserID: user, Mission: "nowhere", At: c.now}
	write(c, c.topo.Enrolments, user, e)
	c.users[user], _ = mission.ApplyEnrolment(c.users[user], e, c.missions, mission.DefaultConfig())
	c.put(string(c.topo.Progress.Table()), user, must(c, missioncodec.UserRow{}.Encode, c.users[user]))
}

func (c *recording) windows(effects []health.Effect) {
	var loop []*health.ClosedWindow
	for _, e := range effects {
		switch e := e.(type) {
		case health.Finished:
			write(c, c.topo.HealthWindows, e.Record.Key(), e.Record)
			loop = append(loop, e.To)
		case health.Silent:
			write(c, c.topo.HealthWindows, e.Record.Key(), e.Record)
		case health.Late:
			loop = append(loop, e.To)
		case health.Corrected:
			write(c, c.topo.HealthCorrections, e.Record.Key(), e.Record)
		case health.Scored:
			write(c, c.topo.HealthScores, e.Score.Mode, e.Score)
			next, more := c.modes[e.Score.Mode].ObserveScore(health.DefaultSettings(), e.Score, c.scores)
			c.modes[e.Score.Mode] = next
			c.routed(more)
		}
	}
	for _, w := range loop {
		next, more := health.ApplyClosed(health.DefaultSettings(), c.health[w.Key()], w)
		c.health[w.Key()] = next
		c.windows(more)
	}
}

// clock ends the log: payments still pending time out and windows close.
func (c *recording) clock(at instant.Milli) {
	c.put(c.topo.Payments.Name, "", fmt.Appendf(nil, `{"type":"clock","at":%d}`, at))
	c.watermark(at)
	c.now = at
	c.ring()
	for _, id := range sorted(c.ledger) {
		next, effects := ledger.Due(c.ledger[id], at, ledger.DefaultConfig())
		c.settle(id, next, effects)
	}
	for _, key := range sorted(c.health) {
		next, effects := health.AdvanceTo(health.DefaultSettings(), c.health[key], at)
		c.health[key] = next
		c.windows(effects)
	}
	c.route(at)
}

// route lets health say that its time is at.
func (c *recording) route(at instant.Milli) {
	if at <= c.scores {
		return
	}
	c.scores = at
	c.put(c.topo.HealthScores.Name, "", watermark.Record{Origin: c.topo.Health.Name, Sources: 1, Time: int64(at)}.Append(nil))
	for _, mode := range sorted(c.modes) {
		next, effects := c.modes[mode].AdvanceTo(health.DefaultSettings(), at)
		c.modes[mode] = next
		c.routed(effects)
	}
}

func (c *recording) routed(effects []health.ModeEffect) {
	for _, e := range effects {
		switch e := e.(type) {
		case health.Changed:
			write(c, c.topo.HealthStatus, e.Record.Key(), e.Record)
		case health.Disrupted:
			write(c, c.topo.Downtimes, e.Downtime.Key(), e.Downtime)
		}
	}
}

// watermark is the word of the one partition of intake that there is.
func (c *recording) watermark(at instant.Milli) {
	c.put(c.topo.Transactions.Name, "", watermark.Record{Origin: c.topo.Intake.Name, Sources: 1, Time: int64(at)}.Append(nil))
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// judge plays records to a tape and judges it.
func (c *recording) judge(records []*kgo.Record) *Verdict {
	c.t.Helper()
	tape := NewTape(c.topo)
	for _, r := range records {
		tape.Add(r)
	}
	v, err := tape.Judge(c.run)
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}
