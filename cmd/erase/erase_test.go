package erase_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/erase"
	"github.com/millrace/millrace/cmd/pipeline/pipelinetest"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
)

// What is looked for. Ids of the user's transactions and codes begin so.
const (
	user, transaction, code    = "usr-who-leaves", "txn-of-who-leaves-", "CODE-OF-WHO-LEAVES-"
	other, transactionOfOthers = "usr-who-stays", "txn-of-who-stays-"
	codeOfOthers               = "CODE-OF-WHO-STAYS-"
)

// kind is that of the tasks here, but for payouts.
const kind = "thank"

// brokerVariable names a real Kafka to use instead of one in memory, as host:port[,host:port...].
const brokerVariable = "MILLRACE_KAFKA"

// deployment is all groups in this process, with topics that are compacted as soon as their broker looks at them.
type deployment struct {
	*pipelinetest.Deployment
	t *testing.T
	// compact makes the broker do so; a real one does by itself.
	compact func()
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	c := pipelinetest.Config{Change: func(c *config.Config) {
		c.Tasks.Kinds = []config.TaskKind{{Name: kind, Mode: "micro", Persist: "until_done", Timeout: time.Minute, OnExhausted: "go_on",
			Retry: config.TaskRetry{MaxAttempts: 3, Base: time.Second, Factor: 1000, Cap: time.Second}}}
	}, Compacted: map[string]string{
		"delete.retention.ms": "0", "min.compaction.lag.ms": "0", "min.cleanable.dirty.ratio": "0", "segment.ms": "50",
	}}
	compact := func() {}
	if list := os.Getenv(brokerVariable); list != "" {
		c.Brokers, c.Prefix = strings.Split(list, ","), "erase-"+strconv.FormatInt(time.Now().UnixNano(), 36)+"-"
	} else {
		b, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		c.Brokers, compact = b.ListenAddrs(), b.Compact
	}
	return &deployment{pipelinetest.Start(t, c), t, compact}
}

func payment(id, transaction, user, more string) string {
	return fmt.Sprintf(`{"id":%q,"transaction_id":%q,"user_id":%q,"amount":5000,"currency":"INR","mode":"upi","updated_at":"2026-03-01T10:00:00Z",`+
		`"attributes":{"card":"of %s"},"note":"%s",%s}`, id, transaction, user, user, user, more)
}

const missions = `[{"id":"twice","title":"Pay","currency":"INR","goal":{"metric":"count","target":1},"filters":[],
 "window":{"kind":"fixed","from":"2026-02-28","to":"2026-03-02"},"time_zone":"Asia/Kolkata","reward":{"kind":"coins","amount":1},
 "limits":{"completions_per_user":200,"budget":500},"grant":{"mode":"auto","hold":"0s"},"status":"active"},
{"id":"gift","title":"Pay twice","currency":"INR","goal":{"metric":"count","target":1},"filters":[],
 "window":{"kind":"fixed","from":"2026-02-28","to":"2026-03-02"},"time_zone":"Asia/Kolkata","reward":{"kind":"gift_card","amount":100,"pool":"gifts"},
 "limits":{"completions_per_user":3},"grant":{"mode":"auto","hold":"0s"},"status":"active"}]`

// stock puts codes into the pool.
func (d *deployment) stock(prefix string, n int) {
	d.t.Helper()
	c := &budget.Codes{Pool: "gifts", At: instant.Milli(1)}
	for i := range n {
		c.Codes = append(c.Codes, prefix+strconv.Itoa(i))
	}
	value, err := rewardcodec.PoolCodes{}.Encode(c)
	d.Check(err)
	d.Put(d.Topology.PoolCodes.Name, budget.PoolKey(c.Pool), value)
	d.Rest()
}

// support gives a user a reward and segments, each as one act that the audit keeps.
func (d *deployment) support(user string) {
	d.t.Helper()
	gift := &reward.Command{
		ID: "gift-" + user, Op: reward.Goodwill, UserID: user, Actor: "sue", Reason: "for " + user, At: 1, Reward: mission.Reward{Kind: mission.RewardCoins, Amount: 5},
	}
	spend := &reward.Command{ID: "spend-" + user, Op: reward.Spend, UserID: user, Actor: "shop", Reason: "tea for " + user, At: 1, SpendID: "tea-" + user, Amount: 1}
	for _, c := range []*reward.Command{gift, spend} {
		value, err := rewardcodec.Command{}.Encode(c)
		d.Check(err)
		d.Put(d.Topology.Claims.Name, user, value)
	}
	value, err := missioncodec.UserSegments{}.Encode(&mission.Segments{ID: "set-" + user, UserID: user, Segments: []string{"vip"}, Actor: "sue", At: 1_772_359_200_000})
	d.Check(err)
	d.Put(d.Topology.UserSegments.Name, user, value)
	d.Rest()
}

// roll writes a record to every partition that is compacted, so that none of the others is in the segment that is
// written to, which is never compacted.
func (d *deployment) roll() {
	d.t.Helper()
	for _, topic := range d.Compacted() {
		for p := range int32(pipelinetest.Partitions) {
			d.Check(d.Client.ProduceSync(d.t.Context(), &kgo.Record{Topic: topic, Partition: p, Key: []byte("\x00end"), Value: []byte("end")}).FirstErr())
		}
	}
}

// forgotten waits until compacted topics, those excepted apart, hold a text no more.
func (d *deployment) forgotten(text string, except ...string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeoutCause(d.t.Context(), 40*time.Second, errors.New("not compacted in 40 s"))
	defer cancel()
	for {
		d.roll()
		d.compact()
		left := d.traces(text, except...)
		if len(left) == 0 {
			return
		}
		if ctx.Err() != nil {
			d.t.Fatalf("%v: %d records still hold %q: %v", context.Cause(ctx), len(left), text, left)
		}
	}
}

// traces returns the records of compacted topics, those excepted apart, that hold a text, committed or not.
func (d *deployment) traces(text string, except ...string) []string {
	d.t.Helper()
	var topics, out []string
	for _, name := range d.Compacted() {
		if !slices.Contains(except, name) {
			topics = append(topics, name)
		}
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(d.Settings.Brokers...), kgo.ConsumeTopics(topics...), kgo.KeepControlRecords())
	d.Check(err)
	defer reader.Close()
	ends, err := kadm.NewClient(reader).ListEndOffsets(d.t.Context(), topics...)
	d.Check(err)
	left := map[string]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[fmt.Sprint(o.Topic, o.Partition)] = o.Offset
		}
	})
	for len(left) > 0 {
		fetches := reader.PollFetches(d.t.Context())
		d.Check(fetches.Err())
		for r := range fetches.RecordsAll() {
			if bytes.Contains(slices.Concat(r.Key, []byte("\n"), r.Value, []byte(fmt.Sprintf("\n%q", r.Headers))), []byte(text)) {
				out = append(out, fmt.Sprintf("%s-%d-%d", r.Topic, r.Partition, r.Offset))
			}
			if at := fmt.Sprint(r.Topic, r.Partition); r.Offset+1 >= left[at] {
				delete(left, at)
			}
		}
	}
	return out
}

func (d *deployment) sound() {
	d.t.Helper()
	report, err := audit.Verify(d.t.Context(), audit.Config{Client: d.Settings.Client(), Topology: d.Topology, Settle: 200 * time.Millisecond})
	d.Check(err)
	if !report.OK {
		d.t.Errorf("%+v", report)
	}
}

// A user with settled, pending and waiting payments, gift codes, and more coin entries than a row holds, leaves nothing
// behind in tables, timers and journal once they are compacted, on kfake and on Kafka; sums stay, and a refund that
// comes later finds its payment. Only the ledger still knows the transactions, which are nobody's.
func TestNothingIsLeftAfterCompaction(t *testing.T) {
	d := newDeployment(t)
	d.Missions(missions)
	d.stock(code, 3)
	var lines []string
	for i := range 140 {
		id := fmt.Sprint(transaction, "p", i)
		lines = append(lines, payment("e"+id, id, user, `"type":"payment","status":"success"`))
	}
	d.Send(append(lines,
		payment("e1", transaction+"1", user, `"type":"payment","status":"pending"`),
		payment("e2", transaction+"2", user, `"type":"reversal","reversal_id":"r"`))...)
	d.stock(codeOfOthers, 3)
	d.Send(payment("e3", transactionOfOthers+"3", other, `"type":"payment","status":"success"`))
	d.support(user)
	d.support(other)
	for _, text := range []string{user, transaction, code, "for " + user, "set-" + user} {
		if len(d.traces(text)) == 0 {
			t.Fatalf("no record holds %q", text)
		}
	}
	d.sound()
	c := erase.Config{Client: d.Settings.Client(), Topology: d.Topology}
	report, err := erase.User(t.Context(), c, user)
	d.Check(err)
	if report.Transactions != 142 || report.Rows < 3 || len(report.Left) > 0 || len(report.Logs) == 0 {
		t.Errorf("%+v", report)
	}
	d.forgotten(user)
	d.forgotten(code)
	d.forgotten(transaction, string(d.Topology.Ledger.Table()), stream.TimerTopic(d.Topology.Ledger.Name))
	for _, text := range []string{other, transactionOfOthers, codeOfOthers, "for " + other, "set-" + other} {
		if len(d.traces(text)) == 0 {
			t.Errorf("%q was erased, too", text)
		}
	}
	d.Send(payment("e4", transaction+"p0", user, `"type":"reversal","reversal_id":"late"`))
	again, err := erase.User(t.Context(), c, user)
	d.Check(err)
	if again.Rows > 0 || len(again.Left) > 0 {
		t.Errorf("again: %+v", again)
	}
}

// submit adds a task to the queue of a key. All but payouts wait for an hour.
func (d *deployment) submit(key, id, x, user string) {
	d.t.Helper()
	s := &task.Submission{Task: task.Task{ID: id, Kind: x, Key: key,
		Payload: fmt.Appendf(nil, `{"user_id":%q,"reward_id":"rw","epoch":1,"kind":"cash","amount":5}`, user)}}
	if x != task.RewardPayout {
		s.Due = instant.Of(time.Now().Add(time.Hour))
	}
	value, err := taskcodec.Submission{}.Encode(s)
	d.Check(err)
	d.Put(d.Topology.Tasks.Name, key, value)
	d.Rest()
}

// paid is the answer of a provider to a payout of a user.
func (d *deployment) paid(id, user string) {
	d.t.Helper()
	output := rewardcodec.ProviderAnswer{UserID: user, RewardID: "rw", Epoch: 1, OK: true, At: 1}.JSON()
	value, err := taskcodec.Answer{}.Encode(&task.Answer{TaskID: id, Kind: task.RewardPayout, Run: 1, Outcome: task.OK, Output: output})
	d.Check(err)
	d.Put(d.Topology.TaskResults.Name, user, value)
	d.Rest()
}

// Tasks of a user who is forgotten go, wherever they wait, with what is kept of those that have ended. A payout that is
// under way is named until it is over, and then nothing is left of it.
func TestTasksAreForgotten(t *testing.T) {
	d := newDeployment(t)
	d.submit(user, "ended", task.RewardPayout, user)
	d.paid("ended", user)
	d.submit(user, "payout", task.RewardPayout, user)
	d.submit("thank/"+user, "thanks", kind, user)
	d.submit("shared", "of-both", kind, user)
	d.submit("shared", "of-other", kind, other)
	d.submit("thank/"+other, "thanks-other", kind, other)
	c := erase.Config{Client: d.Settings.Client(), Topology: d.Topology}
	table := string(d.Topology.TaskQueues.Table())
	found, err := erase.Find(t.Context(), c, user)
	d.Check(err)
	want := []string{table + " shared", table + " thank/" + user, table + " " + user, table + " " + user + "/=ended"}
	if !slices.Equal(found.Left, want) {
		t.Errorf("found %q, want %q", found.Left, want)
	}
	report, err := erase.User(t.Context(), c, user)
	d.Check(err)
	if !slices.Equal(report.Left, []string{table + " " + user}) || report.Rows != 3 {
		t.Errorf("%+v", report)
	}
	d.paid("payout", user)
	again, err := erase.User(t.Context(), c, user)
	d.Check(err)
	if len(again.Left) > 0 {
		t.Errorf("again: %+v", again)
	}
	d.forgotten(user, stream.TimerTopic(d.Topology.TaskQueues.Name)) // which goes when it is due
	d.forgotten("of-both")
	for _, text := range []string{other, "of-other", "thanks-other"} {
		if len(d.traces(text)) == 0 {
			t.Errorf("%q was erased, too", text)
		}
	}
}

// Money of those who left is nobody's, and still adds up.
func TestSumsStay(t *testing.T) {
	d := newDeployment(t)
	d.Missions(missions)
	d.Send(payment("e1", "t1", user, `"type":"payment","status":"success"`), payment("e2", "t2", other, `"type":"payment","status":"success"`))
	_, err := erase.User(t.Context(), erase.Config{Client: d.Settings.Client(), Topology: d.Topology}, user)
	d.Check(err)
	d.sound()
	d.Send(strings.Replace(payment("e3", "t1", user, `"type":"reversal"`), `"amount":5000,`, `"amount":2000,`, 1))
	d.sound()
	d.Send(payment("e4", "t3", user, `"type":"payment","status":"success"`)) // who comes back begins anew
	d.sound()
}
