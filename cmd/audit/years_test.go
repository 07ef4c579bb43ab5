package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/cluster"
	erasurecodec "github.com/millrace/millrace/codecs/erasure"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/stream"
)

// years is a deployment whose event time runs through years, with a copy of its tables, and an audit that follows.
type years struct {
	*deployment
	ledgers, users *engine.View
	metrics        *audit.Metrics
	looked         chan struct{}
	day            time.Time
	sent           int
}

func newYears(t *testing.T) *years { return follow(newDeployment(t)) }

// follow has an audit of its own follow a deployment.
func follow(d *deployment) *years {
	t := d.t
	y := &years{deployment: d, metrics: audit.NewMetrics(prometheus.NewRegistry()), looked: make(chan struct{}), day: time.Date(2024, 3, 1, 10, 0, 0, 0, time.UTC)}
	y.ledgers, y.users = d.follow(t.Context(), string(d.Topology.Ledger.Table())), d.follow(t.Context(), string(d.Topology.Progress.Table()))
	c := d.config()
	c.Ledgers, c.Users = y.ledgers, y.users
	c.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	c.Clock = signalling(y.looked, time.Now)
	watch(t, c, y.metrics)
	return y
}

// follow runs a copy of a table until ctx ends.
func (d *deployment) follow(ctx context.Context, table string) *engine.View {
	d.t.Helper()
	v, err := engine.NewView(engine.ViewConfig{Client: d.Settings.Client(), Table: table, Partitions: d.Topology.Config.Partitions})
	d.Check(err)
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	d.t.Cleanup(func() { d.Check(<-ended) })
	d.Check(v.WaitRecovered(d.t.Context()))
	return v
}

// month sends some payments and refunds of every user, on days that lie apart, and moves event time on by a month.
func (y *years) month() {
	y.t.Helper()
	for user := range 4 {
		at := y.day.Add(time.Duration(user) * 48 * time.Hour)
		id := fmt.Sprintf("t%d", y.sent)
		y.sent++
		line := func(event, kind string, amount int, at time.Time) {
			y.Check(y.Feed.Send(y.t.Context(), fmt.Appendf(nil, `{"id":%q,"type":%q,"transaction_id":%q,"user_id":"u%d","amount":%d,"currency":"INR","status":"success","mode":"upi","instrument":"sbi","gateway":"razorpay","updated_at":%q}`,
				event, kind, id, user, amount, at.Format(time.RFC3339))))
		}
		line("pay", "payment", 10_000+y.sent, at)
		if user%2 == 0 {
			line("back", "reversal", 3_000, at.Add(time.Hour))
		}
	}
	if y.sent == 20 { // a transaction whose row has expired begins anew
		y.Check(y.Feed.Send(y.t.Context(), fmt.Appendf(nil, `{"id":"again","type":"payment","transaction_id":"t0","user_id":"u0","amount":777,"currency":"INR","status":"success","mode":"upi","instrument":"sbi","gateway":"razorpay","updated_at":%q}`, y.day.Format(time.RFC3339))))
	}
	y.day = y.day.Add(30 * 24 * time.Hour)
	y.Check(y.Feed.Flush(y.t.Context()))
	y.Check(y.Feed.Clock(y.t.Context(), y.day))
	y.Rest()
	y.sweep()
}

// sweep has the ledger look for rows that have expired.
func (y *years) sweep() {
	y.t.Helper()
	y.Sweep(y.Topology.Ledger.Name)
	y.Rest()
}

// agree finds that verify, the running audit and the sums of tables say the same: whether anything is amiss.
func (y *years) agree(when string, wrong bool) {
	y.t.Helper()
	checks := y.verify()
	if checks[audit.Conservation].OK == wrong {
		y.t.Errorf("%s: verify: %q", when, checks[audit.Conservation].Evidence)
	}
	for name, c := range checks {
		if !c.OK && !wrong {
			y.t.Errorf("%s: %s: %q", when, name, c.Evidence)
		}
	}
	if y.t.Failed() {
		y.t.FailNow() // what follows would only take long
	}
	for range 200 {
		<-y.looked
		if s := y.metrics.State(); s.Judged && (s.Difference["INR"] != nil && s.Difference["INR"].Sign() != 0) == wrong {
			break
		}
	}
	if s := y.metrics.State(); !s.Judged || (s.Difference["INR"] != nil && s.Difference["INR"].Sign() != 0) != wrong {
		y.t.Errorf("%s: the running audit says %+v", when, s)
	}
	y.settled()
	sums, err := audit.Accounts(y.t.Context(), y.Topology, y.ledgers, y.users)
	y.Check(err)
	if (len(sums) > 0) != wrong {
		y.t.Errorf("%s: tables say %v", when, sums)
	}
}

// settled returns when the copies of the tables are at their ends.
func (y *years) settled() {
	y.t.Helper()
	for _, v := range []*engine.View{y.ledgers, y.users} {
		ends, err := cluster.EndOffsets(y.t.Context(), y.Admin, []string{v.Topic()})
		y.Check(err)
		at := map[int32]position.Position{}
		for p, end := range ends[v.Topic()] {
			at[p] = position.Position{v.Topic(): end}
		}
		y.Check(v.Wait(y.t.Context(), at))
	}
}

// lose deletes or forges a record that is there, finds that all notice, and puts it back.
func (y *years) lose(when, topic, key string, value, back []byte) {
	y.t.Helper()
	y.Put(topic, key, value)
	y.agree(when, true)
	y.Put(topic, key, back)
	y.agree(when+", put back", false)
}

// anyRow returns a row that is there and holds money.
func (y *years) anyRow() (found *kgo.Record) {
	y.settled()
	y.Check(y.ledgers.Ascend("", func(key string, value []byte) bool {
		if row, err := (ledgercodec.Row{}).Decode(value); err == nil && row.Net() > 0 {
			found = &kgo.Record{Key: []byte(key), Value: bytes.Clone(value)}
		}
		return found == nil
	}))
	return found
}

// Through two years of event time rows expire, users are erased, tombstones are compacted away and copies are made
// anew: nothing is said to be lost, at any step, and what is lost is found, at any step.
func TestYears(t *testing.T) {
	t.Parallel()
	y := newYears(t)
	ledgers, users := string(y.Topology.Ledger.Table()), string(y.Topology.Progress.Table())
	for month := range 24 {
		y.month()
		switch {
		case month == 5:
			y.agree("expired", false)
			row := y.anyRow()
			y.lose("a row is lost", ledgers, string(row.Key), nil, row.Value)
		case month == 8:
			y.Check(y.Client.ProduceSync(t.Context(), y.erasure("u1")...).FirstErr())
			y.Rest()
			y.agree("erased", false)
		case month == 11:
			y.broker.Compact()
			y.agree("compacted", false)
			row := y.anyRow()
			changed, err := ledgercodec.Row{}.Decode(row.Value)
			y.Check(err)
			changed.Facts.AmountMinor += 77
			value, err := ledgercodec.Row{}.Encode(changed)
			y.Check(err)
			y.lose("a row is forged", ledgers, string(row.Key), value, row.Value)
		case month == 14:
			v := y.follow(t.Context(), ledgers)
			if sums, err := audit.Accounts(t.Context(), y.Topology, v, y.users); err != nil || len(sums) > 0 {
				t.Errorf("a copy made anew: %v, %v", sums, err)
			}
		case month == 17:
			user := y.last(users, func(r *kgo.Record) bool { return string(r.Key) == "u2" })
			y.lose("a user is lost", users, "u2", nil, user.Value)
		case month%6 == 3:
			y.agree(fmt.Sprintf("month %d", month), false)
		}
	}
	y.trim()
	y.agree("postings are gone", false)
	row := y.anyRow()
	y.lose("a row is lost, and its postings are gone", ledgers, string(row.Key), nil, row.Value)
	y.broker.Compact()
	y.agree("at the end", false)
	if n := y.rows(); n >= y.sent || n == 0 {
		t.Errorf("of %d transactions %d have a row", y.sent, n)
	}
}

// erasure returns the records by which a user is forgotten.
func (y *years) erasure(user string) []*kgo.Record {
	record := func(key string, r erasure.Request) *kgo.Record {
		value, err := erasurecodec.Request{}.Encode(&r)
		y.Check(err)
		return &kgo.Record{Topic: y.Topology.Erasures.Name, Partition: stream.Partition([]byte(key), y.Topology.Config.Partitions), Key: []byte(key), Value: value}
	}
	out := []*kgo.Record{record(user, erasure.Request{UserID: user})}
	y.Check(y.ledgers.Ascend("", func(key string, value []byte) bool {
		if row, err := (ledgercodec.Row{}).Decode(value); err == nil && row.Of(user) {
			out = append(out, record(key, erasure.Request{TransactionID: key}))
		}
		return true
	}))
	return out
}

// trim deletes all postings, as retention does.
func (y *years) trim() {
	y.t.Helper()
	ends, err := y.Admin.ListEndOffsets(y.t.Context(), y.Topology.Postings.Name)
	y.Check(err)
	_, err = y.Admin.DeleteRecords(y.t.Context(), ends.Offsets())
	y.Check(err)
}

func (y *years) rows() int {
	n := 0
	y.Check(y.ledgers.Ascend("", func(key string, _ []byte) bool {
		if strings.HasPrefix(key, "t") {
			n++
		}
		return true
	}))
	return n
}
