// Package audit judges a crash run: what a read_committed reader saw, against what an independent oracle makes of the
// same input. A Tape takes the records as they come and notices at once what must never be, such as a second final of
// one window; Judge compares everything in the end.
package audit

import (
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/test/model"
	"github.com/millrace/millrace/topology"
)

// Tape is what topics contain, in the order of each partition. Of tables it keeps the last record of each key. It is
// not safe for concurrent use.
type Tape struct {
	topology *topology.Topology
	records  map[string][]*kgo.Record
	tables   map[string]map[rowKey]*kgo.Record
	ends     map[string]map[int32]int64 // after the last record, whatever it is
	rows     map[string]map[int32]int64 // of tables: after the last record of data
	reads    map[int32][]oracle.Read    // how far progress had read with each of its commits
	seen     map[string]struct{}
	epochs   map[producer]int16
	annals   *model.Annals // of the rewards table
	doubles  []double
	zombies  []string
	unread   []string
}

// rowKey names a row. The engine's own are in each partition.
type rowKey struct {
	partition int32
	key       string
}

// reserved begins the keys of the engine's own rows.
const reserved = "\x00"

// producer is one transactional or idempotent producer in one partition.
type producer struct {
	topic     string
	partition int32
	id        int64
}

// double is a fact that was written a second time.
type double struct {
	what string
	at   time.Time // append time, where the topic keeps it
}

// NewTape returns an empty tape of t's topics.
func NewTape(t *topology.Topology) *Tape {
	tape := &Tape{
		topology: t, records: map[string][]*kgo.Record{}, tables: map[string]map[rowKey]*kgo.Record{},
		ends: map[string]map[int32]int64{}, rows: map[string]map[int32]int64{}, reads: map[int32][]oracle.Read{},
		seen: map[string]struct{}{}, epochs: map[producer]int16{},
		annals: model.NewAnnals(),
	}
	for _, table := range []string{string(t.Ledger.Table()), string(t.Progress.Table()), string(t.Budget.Table()),
		string(t.Rewards.Table()), string(t.TaskQueues.Table())} {
		tape.tables[table] = map[rowKey]*kgo.Record{}
	}
	return tape
}

// Topics are those that the tape wants to see.
func (t *Tape) Topics() []string {
	p := t.topology
	return []string{
		p.Payments.Name, p.Transactions.Name, p.Postings.Name, p.Journal.Name, p.Attempts.Name, p.Outcomes.Name,
		p.DeadLetterRecords.Name,
		p.HealthWindows.Name, p.HealthCorrections.Name, p.HealthScores.Name, p.HealthStatus.Name, p.Downtimes.Name,
		p.Enrolments.Name, p.UserSegments.Name, p.PoolCodes.Name, p.RewardsIn.Name, p.BudgetReturns.Name, p.Tasks.Name,
		p.RewardResults.Name, p.TaskRuns.Name, string(p.TaskQueues.Table()),
		p.Claims.Name, p.Notifications.Name, string(p.Ledger.Table()), string(p.Progress.Table()),
		string(p.Budget.Table()), string(p.Rewards.Table()),
	}
}

// Add adds the next record of its partition, control records included, and returns what is wrong with it in itself.
func (t *Tape) Add(r *kgo.Record) []string {
	var wrong []string
	place := fmt.Sprintf("%s-%d-%d", r.Topic, r.Partition, r.Offset)
	if end := t.ends[r.Topic][r.Partition]; r.Offset < end {
		wrong = append(wrong, fmt.Sprintf("%s: read after offset %d", place, end-1))
		t.unread = append(t.unread, wrong...)
		return wrong
	}
	set(t.ends, r)
	if w := t.epoch(r); w != "" {
		t.zombies = append(t.zombies, place+": "+w)
		wrong = append(wrong, t.zombies[len(t.zombies)-1])
	}
	if r.Attrs.IsControl() {
		return wrong
	}
	if table, ok := t.tables[r.Topic]; ok {
		set(t.rows, r)
		table[rowKey{r.Partition, string(r.Key)}] = r
		if r.Topic == string(t.topology.Rewards.Table()) && !strings.HasPrefix(string(r.Key), reserved) {
			if err := t.annals.RewardsRow(string(r.Key), r.Value); err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %v", place, err)) // the last version is read again by Judge
			}
		}
		if err := t.read(r); err != nil {
			w := fmt.Sprintf("%s: %v", place, err)
			t.unread = append(t.unread, w)
			wrong = append(wrong, w)
		}
		return wrong
	}
	t.records[r.Topic] = append(t.records[r.Topic], r)
	what, err := t.identity(r)
	if err != nil {
		w := fmt.Sprintf("%s: %v", place, err)
		t.unread = append(t.unread, w)
		return append(wrong, w)
	}
	if what == "" {
		return wrong
	}
	if _, again := t.seen[what]; again {
		t.doubles = append(t.doubles, double{what, r.Timestamp})
		return append(wrong, fmt.Sprintf("%s: a second %s", place, what))
	}
	t.seen[what] = struct{}{}
	return wrong
}

// read notes how far progress had read when it committed.
func (t *Tape) read(r *kgo.Record) error {
	p := t.topology
	if r.Topic != string(p.Progress.Table()) || string(r.Key) != position.Key || r.Value == nil {
		return nil
	}
	at, err := position.Parse(r.Value)
	if err == nil {
		t.reads[r.Partition] = append(t.reads[r.Partition], oracle.Read{
			Postings: at[p.Postings.Name], Enrolments: at[p.Enrolments.Name], Segments: at[p.UserSegments.Name],
		})
	}
	return err
}

// epoch says what is wrong with the producer's epoch: a lower one than before is of a producer that was fenced.
func (t *Tape) epoch(r *kgo.Record) string {
	if r.ProducerID < 0 {
		return ""
	}
	p := producer{r.Topic, r.Partition, r.ProducerID}
	last, known := t.epochs[p]
	if known && r.ProducerEpoch < last {
		return fmt.Sprintf("producer %d wrote with epoch %d after epoch %d", p.id, r.ProducerEpoch, last)
	}
	t.epochs[p] = r.ProducerEpoch
	return ""
}

func set(offsets map[string]map[int32]int64, r *kgo.Record) {
	if offsets[r.Topic] == nil {
		offsets[r.Topic] = map[int32]int64{}
	}
	offsets[r.Topic][r.Partition] = r.Offset + 1
}

// Reached tells whether the tape holds everything below ends.
func (t *Tape) Reached(ends map[string]map[int32]int64) bool {
	for topic, partitions := range ends {
		for p, end := range partitions {
			if t.ends[topic][p] < end {
				return false
			}
		}
	}
	return true
}

// Rows returns, by table, the offset after the last row of each partition that the tape holds.
func (t *Tape) Rows() map[string]map[int32]int64 { return t.rows }

// Table returns the rows of a partition of a table, the engine's own included.
func (t *Tape) Table(table string, partition int32) map[string]string {
	rows := map[string]string{}
	for k, r := range t.tables[table] {
		if k.partition == partition && r.Value != nil {
			rows[k.key] = string(r.Value)
		}
	}
	return rows
}

// Len returns how many records of topic the tape holds.
func (t *Tape) Len(topic string) int { return len(t.records[topic]) }
