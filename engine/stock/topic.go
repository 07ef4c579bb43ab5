package stock

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/IBM/sarama"
)

// ErrTopic says that a topic is missing or has another number of partitions than configured. The transport creates and
// alters no topics.
var ErrTopic = errors.New("stock: topic not as it must be")

// topicManager is goka's view of the topics.
type topicManager struct {
	client     sarama.Client
	partitions int32
	ends       *ends
	end        func(topic string, partition int32) (int64, error)
}

// ends remembers the end offsets that recoveries aim at.
type ends struct {
	mu sync.Mutex
	at map[string]map[int32]int64
}

func (e *ends) set(topic string, partition int32, offset int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at == nil {
		e.at = map[string]map[int32]int64{}
	}
	if e.at[topic] == nil {
		e.at[topic] = map[int32]int64{}
	}
	e.at[topic][partition] = offset
}

func (e *ends) get(topic string, partition int32) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.at[topic][partition]
}

func newTopicManager(c Config, e *ends) (*topicManager, error) {
	client, err := sarama.NewClient(c.Brokers, c.saramaConfig())
	if err != nil {
		return nil, err
	}
	return &topicManager{client: client, partitions: c.Partitions, ends: e, end: c.End}, nil
}

// checkTopics returns every reason why the topics cannot be used, joined. goka checks some of them too, but hides the reason.
func checkTopics(c Config, topics ...string) error {
	m, err := newTopicManager(c, new(ends))
	if err != nil {
		return fmt.Errorf("stock: %w", err)
	}
	defer func() { _ = m.Close() }() // nothing was written
	var errs []error
	for _, topic := range topics {
		_, err := m.check(topic)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// check demands that a topic exists with the configured partitions.
func (m *topicManager) check(topic string) ([]int32, error) {
	if err := m.client.RefreshMetadata(topic); err != nil {
		if errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
			return nil, fmt.Errorf("%w: %s does not exist", ErrTopic, topic)
		}
		return nil, fmt.Errorf("stock: topic %s: %w", topic, err)
	}
	parts, err := m.client.Partitions(topic)
	if err != nil {
		return nil, fmt.Errorf("stock: topic %s: %w", topic, err)
	}
	if len(parts) != int(m.partitions) {
		return nil, fmt.Errorf("%w: %s has %d partitions, not %d", ErrTopic, topic, len(parts), m.partitions)
	}
	slices.Sort(parts)
	return parts, nil
}

func (m *topicManager) Partitions(topic string) ([]int32, error) { return m.check(topic) }

func (m *topicManager) EnsureTableExists(topic string, _ int) error {
	_, err := m.check(topic)
	return err
}

func (m *topicManager) EnsureStreamExists(topic string, _ int) error {
	_, err := m.check(topic)
	return err
}

func (m *topicManager) EnsureTopicExists(topic string, _, _ int, _ map[string]string) error {
	_, err := m.check(topic)
	return err
}

func (m *topicManager) GetOffset(topic string, partition int32, at int64) (int64, error) {
	if m.end != nil && at == sarama.OffsetNewest {
		offset, err := m.end(topic, partition)
		if err == nil {
			m.ends.set(topic, partition, offset)
		}
		return offset, err
	}
	offset, err := m.client.GetOffset(topic, partition, at)
	if err == nil && at == sarama.OffsetNewest {
		m.ends.set(topic, partition, offset)
	}
	return offset, err
}

func (m *topicManager) Close() error {
	if m.client.Closed() {
		return nil
	}
	return m.client.Close()
}
