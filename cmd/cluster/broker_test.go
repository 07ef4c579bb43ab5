package cluster

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/topology"
)

// kafka is a broker in memory with an administrator's client.
type kafka struct {
	t      *testing.T
	addr   string
	adm    *Admin
	listed chan struct{} // gets a value whenever adm has asked where topics begin or end
	looked chan struct{} // gets a value whenever adm has asked for committed offsets
}

// OnBrokerRead implements kgo.HookBrokerRead.
func (k *kafka) OnBrokerRead(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	for asked, told := range map[kmsg.Key]chan struct{}{kmsg.OffsetFetch: k.looked, kmsg.ListOffsets: k.listed} {
		if kmsg.Key(key) != asked {
			continue
		}
		select {
		case told <- struct{}{}:
		default: // nobody counts
		}
	}
}

func newKafka(t *testing.T) *kafka {
	t.Helper()
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	k := &kafka{t: t, addr: b.Addr(), looked: make(chan struct{}), listed: make(chan struct{})}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.MetadataMinAge(metadataAge), kgo.WithHooks(k))
	if err != nil {
		t.Fatal(err)
	}
	k.adm = NewAdmin(client)
	t.Cleanup(func() {
		k.adm.Close()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

// create makes a topic as some other tool would.
func (k *kafka) create(name string, partitions int32, settings map[string]string) {
	k.t.Helper()
	configs := map[string]*string{}
	for key, value := range settings {
		configs[key] = &value
	}
	if _, err := k.adm.CreateTopic(k.t.Context(), partitions, 1, configs, name); err != nil {
		k.t.Fatal(err)
	}
}

// names of all topics in the cluster.
func (k *kafka) names() []string {
	k.t.Helper()
	all, err := k.adm.ListTopics(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return all.Names()
}

func (k *kafka) client(opts ...kgo.Opt) *kgo.Client {
	k.t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(k.addr))...)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(c.Close)
	return c
}

// put writes n records to one partition.
func (k *kafka) put(topic string, partition int32, n int) {
	k.t.Helper()
	c := k.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for range n {
		if err := c.ProduceSync(k.t.Context(), &kgo.Record{Topic: topic, Partition: partition, Value: []byte("v")}).FirstErr(); err != nil {
			k.t.Fatal(err)
		}
	}
}

// commit moves a group, as its consumers do.
func (k *kafka) commit(group, topic string, partition int32, next int64) {
	k.t.Helper()
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, partition, next, -1)
	if err := k.adm.CommitAllOffsets(k.t.Context(), group, offsets); err != nil {
		k.t.Fatal(err)
	}
}

func deployment(prefix string) *topology.Topology {
	return topology.New(topology.Config{Prefix: prefix, Partitions: 2, Replication: 1})
}

func actions(changes []Change) map[Action]int {
	n := map[Action]int{}
	for _, c := range changes {
		n[c.Action]++
	}
	return n
}

func find(t *testing.T, changes []Change, topic string) Change {
	t.Helper()
	for _, c := range changes {
		if c.Topic == topic {
			return c
		}
	}
	t.Fatalf("no verdict on %s in %v", topic, changes)
	return Change{}
}
