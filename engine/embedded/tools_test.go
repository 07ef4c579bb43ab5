package embedded

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// group makes a topic and a group that has committed on it.
func group(t *testing.T, b *Broker) *kgo.Client {
	t.Helper()
	c := client(t, b)
	t.Cleanup(c.Close)
	admin := kadm.NewClient(c)
	if _, err := admin.CreateTopic(t.Context(), 2, 1, nil, "topic"); err != nil {
		t.Fatal(err)
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset("topic", 0, 0, -1)
	if err := admin.CommitAllOffsets(t.Context(), "group", offsets); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGroupsAreListed: filters are compared without case, as Kafka does.
func TestGroupsAreListed(t *testing.T) {
	c := group(t, start(t, Config{}))
	for _, filter := range []struct{ types, states []string }{
		{}, {types: []string{"Classic", "Consumer"}}, {states: []string{"empty"}}, {types: []string{"CLASSIC"}, states: []string{"EMPTY", "stable"}},
	} {
		q := kmsg.NewPtrListGroupsRequest()
		q.TypesFilter, q.StatesFilter = filter.types, filter.states
		answer, err := q.RequestWith(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.Groups) != 1 || answer.Groups[0].Group != "group" {
			t.Errorf("%+v: %v", filter, answer.Groups)
		}
	}
	q := kmsg.NewPtrListGroupsRequest()
	q.StatesFilter = []string{"Stable"}
	if answer, err := q.RequestWith(t.Context(), c); err != nil || len(answer.Groups) != 0 {
		t.Errorf("stable ones: %v, %v", answer.Groups, err)
	}
}

// TestDescribeTopicPartitionsIsLeftOut: clients must use Metadata, since kfake's answer ends Kafka's own tools.
func TestDescribeTopicPartitionsIsLeftOut(t *testing.T) {
	c := group(t, start(t, Config{}))
	answer, err := kmsg.NewPtrApiVersionsRequest().RequestWith(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.ApiKeys) < 50 || slices.ContainsFunc(answer.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool { return k.ApiKey == int16(kmsg.DescribeTopicPartitions) }) {
		t.Errorf("%d keys: %v", len(answer.ApiKeys), answer.ApiKeys)
	}
}

// toolsVariable names the script that runs Kafka's own tools; `make kafka-test` sets it.
const toolsVariable = "MILLRACE_KAFKA_TOOLS"

// TestKafkaTools: the tools that an operator has at hand work on the embedded broker.
func TestKafkaTools(t *testing.T) {
	script := os.Getenv(toolsVariable)
	if script == "" {
		t.Skip(toolsVariable + " is not set: `make kafka-test` runs this with Kafka's own tools")
	}
	b := start(t, Config{})
	c := group(t, b)
	if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: "topic", Key: []byte("k"), Value: []byte(`{"a":1}`)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []struct {
		args string
		want []string
	}{
		{"topics --list", []string{"topic"}},
		{"topics --describe --topic topic", []string{"PartitionCount: 2", "Partition: 1"}},
		{"consumer-groups --list", []string{"group"}},
		{"consumer-groups --describe --group group", []string{"CURRENT-OFFSET", "topic"}},
		{"consumer-groups --describe --all-groups --state", []string{"Empty"}},
		{"get-offsets --topic topic", []string{"topic:0:", "topic:1:"}},
		{"configs --describe --entity-type topics --entity-name topic --all", []string{"cleanup.policy=delete"}},
		{"transactions list", []string{"TransactionalId"}},
	} {
		args := append(strings.Fields(tool.args), "--bootstrap-server", b.Addr())
		if args[0] == "transactions" { // its server comes before the sub-command
			args = []string{"transactions", "--bootstrap-server", b.Addr(), "list"}
		}
		out, err := exec.CommandContext(t.Context(), script, append([]string{"tool"}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", tool.args, err, out)
			continue
		}
		for _, want := range tool.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: no %q in\n%s", tool.args, want, out)
			}
		}
	}
}
