package engine

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/watermark"
)

// Reserved rows of a table, beside those of package watermark, position.Key and sum.Key: the form of all of them.
const (
	schemaKey = position.Reserved + "ver"
	schema    = 1
)

// Offset metadata keeps the event time of a group without a table. Kafka bounds it by offset.metadata.max.bytes.
const (
	textPrefix = "millrace-time:"
	textLimit  = 4096
)

// ErrText says that the event time of a group without a table does not fit into offset metadata: it has too many
// inputs.
var ErrText = errors.New("engine: event time does not fit into offset metadata")

// restoreTime gives partitions the event time that they had at the last commit.
func (s *session) restoreTime() error {
	for _, p := range s.parts {
		t := s.engine.table(p.number)
		if t != nil {
			if err := checkSchema(t); err != nil {
				return err
			}
			if _, err := t.sums(); err != nil { // better now than in the middle of a transaction
				return err
			}
		}
		if p.time == nil {
			continue
		}
		var err error
		if t != nil {
			err = restoreRows(p.time, t)
		} else if text, ok := strings.CutPrefix(p.text, textPrefix); ok { // else what clients put there
			err = p.time.RestoreText(text)
		}
		if err != nil {
			return fmt.Errorf("engine: group %s, partition %d: %w", s.engine.graph.group, p.number, err)
		}
		p.now.Store(p.time.Watermark())
	}
	return nil
}

func checkSchema(t *table) error {
	v, err := t.get(schemaKey)
	if err != nil {
		return err
	}
	if v != nil && (len(v) != 1 || v[0] > schema) {
		return fmt.Errorf("%w: %s/%d has form %x, this engine knows %d", ErrSchema, t.local.topic, t.local.partition, v,
			schema)
	}
	return nil
}

func restoreRows(p *watermark.Partition, t *table) error {
	var rows []watermark.Row
	err := t.local.st.Ascend(watermark.RowPrefix, "", func(key string, value []byte) bool {
		if !strings.HasPrefix(key, watermark.RowPrefix) {
			return false
		}
		rows = append(rows, watermark.Row{Key: key, Value: value})
		return true
	})
	if err != nil {
		return err
	}
	return p.Restore(rows)
}

// keep writes what the engine has to remember of the transaction to the tables.
func (s *session) keep() error {
	for _, p := range s.parts {
		t := s.engine.table(p.number)
		if t == nil {
			continue
		}
		if err := t.keepSums(); err != nil {
			return err
		}
		if p.time != nil {
			for _, r := range p.time.Changed() {
				t.set(r.Key, r.Value)
			}
		}
		at := position.Position{}
		for _, c := range p.claims {
			if c.input {
				at[c.topic] = c.place()
			}
		}
		if p.wrote != nil && maps.Equal(at, p.wrote) {
			continue
		}
		if p.wrote == nil {
			t.set(schemaKey, []byte{schema})
		}
		t.set(position.Key, at.Append(nil))
		p.wrote = at
	}
	return nil
}

// offsets completes the offsets that kgo commits, which are those of all that it handed out since its last commit. What
// was cut off is not handled; when it is, kgo has nothing to say of it any more. A group without a table keeps its time
// in their metadata. At least one offset must be there: kgo would send none for a transaction without records, and
// without them the group does not notice that the sender no longer owns the partition.
func (s *session) offsets(q *kmsg.TxnOffsetCommitRequest) error {
	for _, p := range s.parts {
		for _, b := range p.queue {
			if len(b.records) > 0 {
				entryOf(q, b.claim)
			}
		}
		for _, c := range p.claims {
			if c.committing = c.place(); c.committing > c.committed && find(q, c) == nil {
				entryOf(q, c)
			}
		}
	}
	if len(q.Topics) == 0 && len(s.all) > 0 {
		entryOf(q, s.all[0])
	}
	for _, p := range s.parts { // last: an entry without the time would erase it
		if err := s.keepText(q, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) keepText(q *kmsg.TxnOffsetCommitRequest, p *partition) error {
	home := p.claim(s.engine.graph.home)
	if p.time == nil || home == nil {
		return nil
	}
	text := textPrefix + p.time.Text()
	if len(text) > textLimit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrText, len(text), textLimit)
	}
	if text != p.text || find(q, home) != nil {
		entryOf(q, home).Metadata = &text
	}
	p.texted = text
	return nil
}

// find returns nil if the request does not name the claim.
func find(q *kmsg.TxnOffsetCommitRequest, c *claim) *kmsg.TxnOffsetCommitRequestTopicPartition {
	for i := range q.Topics {
		if q.Topics[i].Topic != c.topic {
			continue
		}
		for j := range q.Topics[i].Partitions {
			if p := &q.Topics[i].Partitions[j]; p.Partition == c.number {
				return p
			}
		}
	}
	return nil
}

// entryOf sets what the request says of a claim to the claim's place, and returns it.
func entryOf(q *kmsg.TxnOffsetCommitRequest, c *claim) *kmsg.TxnOffsetCommitRequestTopicPartition {
	if p := find(q, c); p != nil {
		p.Offset = c.place()
		return p
	}
	i := 0
	for i < len(q.Topics) && q.Topics[i].Topic != c.topic {
		i++
	}
	if i == len(q.Topics) {
		t := kmsg.NewTxnOffsetCommitRequestTopic()
		t.Topic = c.topic
		q.Topics = append(q.Topics, t)
	}
	p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = c.number, c.place(), -1, &q.MemberID
	t := &q.Topics[i]
	t.Partitions = append(t.Partitions, p)
	return &t.Partitions[len(t.Partitions)-1]
}
