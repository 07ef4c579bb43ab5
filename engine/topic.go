package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// ErrTopic says that a topic is missing or has another number of partitions than configured.
var ErrTopic = errors.New("engine: topic not as it must be")

var _ goka.TopicManager = (*topicManager)(nil)

// topicManager is goka's view of the topics.
type topicManager struct{ engine *Engine }

func (m *topicManager) admin(do func(ctx context.Context, admin *kadm.Client) error) error {
	client, err := m.engine.link.acquire()
	if err != nil {
		return err
	}
	defer m.engine.link.release()
	return do(m.engine.life, kadm.NewClient(client))
}

// checkTopics returns every reason why the topics cannot be used, joined. goka checks some of them too, but hides the
// reason.
func (e *Engine) checkTopics(ctx context.Context) error {
	m, want := &topicManager{e}, e.config.Partitions
	if want == 0 {
		return m.ensureTimers()
	}
	var errs []error
	for _, topic := range e.graph.topics {
		if ctx.Err() != nil {
			break
		}
		_, err := m.Partitions(topic)
		if topic == e.graph.timers && errors.Is(err, ErrTopic) {
			err = fmt.Errorf("%w: it keeps the group's timers, create it with cleanup.policy=compact and %d partitions",
				err, want)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// ensureTimers creates the topic of the timers as goka creates loop and table.
func (m *topicManager) ensureTimers() error {
	g := &m.engine.graph
	if g.timers == "" {
		return nil
	}
	want, err := m.Partitions(g.input)
	if err != nil {
		return err
	}
	if err := m.EnsureTableExists(g.timers, len(want)); err != nil {
		return err
	}
	have, err := m.Partitions(g.timers)
	if err == nil && len(have) != len(want) {
		err = fmt.Errorf("%w: %s has %d partitions, %s has %d", ErrTopic, g.timers, len(have), g.input, len(want))
	}
	return err
}

// Partitions returns the partitions of a topic in order.
func (m *topicManager) Partitions(topic string) ([]int32, error) {
	var parts []int32
	err := m.admin(func(ctx context.Context, admin *kadm.Client) error {
		var t kadm.TopicDetail
		err := patiently(ctx, func() error {
			all, err := admin.ListTopics(ctx, topic)
			if t = all[topic]; err == nil && !errors.Is(t.Err, kerr.UnknownTopicOrPartition) {
				err = t.Err
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("engine: topic %s: %w", topic, err)
		}
		if t.Err != nil {
			return fmt.Errorf("%w: %s does not exist", ErrTopic, topic)
		}
		parts = t.Partitions.Numbers()
		slices.Sort(parts)
		if want := m.engine.config.Partitions; want > 0 && len(parts) != int(want) {
			return fmt.Errorf("%w: %s has %d partitions, not %d", ErrTopic, topic, len(parts), want)
		}
		return nil
	})
	return parts, err
}

func (m *topicManager) EnsureTableExists(topic string, n int) error {
	return m.EnsureTopicExists(topic, n, -1, map[string]string{"cleanup.policy": "compact"})
}

func (m *topicManager) EnsureStreamExists(topic string, n int) error {
	return m.EnsureTopicExists(topic, n, -1, nil)
}

// EnsureTopicExists creates what is missing, unless the configuration says how topics must be.
func (m *topicManager) EnsureTopicExists(topic string, n, replication int, config map[string]string) error {
	if m.engine.config.Partitions > 0 {
		_, err := m.Partitions(topic)
		return err
	}
	settings := map[string]*string{}
	for k, v := range config {
		settings[k] = &v
	}
	return m.admin(func(ctx context.Context, admin *kadm.Client) error {
		made, err := admin.CreateTopics(ctx, int32(n), int16(replication), settings, topic)
		if err == nil {
			err = made[topic].Err
		}
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("engine: create topic %s: %w", topic, err)
		}
		return nil
	})
}

// GetOffset answers for tables as if the store were the log: Storage.Open restored it, and goka, whose idea of the end
// counts control records that it never sees, must find nothing left to do.
func (m *topicManager) GetOffset(topic string, partition int32, at int64) (int64, error) {
	if l := m.engine.locals.get(place{topic, partition}); l != nil {
		if at == sarama.OffsetOldest {
			return 0, nil
		}
		return l.st.Stamp().Next, nil
	}
	return 0, fmt.Errorf("engine: table %s/%d is not open", topic, partition)
}

// Close does nothing: the client is taken for each request.
func (m *topicManager) Close() error { return nil }
