package topicsink_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/worker/topicsink"
)

func run(id, payload string) *task.Run {
	return &task.Run{Task: task.Task{ID: id, Kind: "thank", Key: "thank/u1", Payload: []byte(payload)}, IdempotencyKey: id, Number: 3}
}

// broker starts one with the topic thanks, of 3 partitions, and returns it with a client that reads the topic.
func broker(t *testing.T) (*embedded.Broker, *kgo.Client) {
	t.Helper()
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() }) // a test may have closed it
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.ConsumeTopics("thanks"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 3, 1, nil, "thanks"); err != nil {
		t.Fatal(err)
	}
	return b, client
}

func sink(t *testing.T, addr, topic string) *topicsink.Handler {
	t.Helper()
	h, err := topicsink.New(topicsink.Config{Client: engine.ClientConfig{Brokers: []string{addr}}, Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// record is a record as its reader sees it.
type record struct{ Key, Value, Headers string }

func read(t *testing.T, client *kgo.Client, n int) (out []record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(out) < n {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		for r := range fetches.RecordsAll() {
			var headers []string
			for _, h := range r.Headers {
				headers = append(headers, h.Key+"="+string(h.Value))
			}
			out = append(out, record{string(r.Key), string(r.Value), strings.Join(headers, " ")})
		}
	}
	return out
}

func TestRunsAreWrittenWithTheirNames(t *testing.T) {
	b, client := broker(t)
	h := sink(t, b.Addr(), "thanks")
	for _, x := range []*task.Run{run("tk_1", `{"a":1.50}`), run("tk_2", "")} {
		if r := h.Handle(t.Context(), x); r.Outcome() != task.OK {
			t.Error(r)
		}
	}
	const headers = "mr-task-kind=thank mr-task-id="
	want := []record{ // of one key, in its order
		{"thank/u1", `{"a":1.50}`, headers + "tk_1 mr-idempotency-key=tk_1"},
		{"thank/u1", `null`, headers + "tk_2 mr-idempotency-key=tk_2"},
	}
	if d := cmp.Diff(want, read(t, client, 2)); d != "" {
		t.Error(d)
	}
}

// Of a batch each record succeeds or fails alone.
func TestABadRecordOfABatchFailsAlone(t *testing.T) {
	b, client := broker(t)
	h := sink(t, b.Addr(), "thanks")
	good, large, other := run("tk_1", `{}`), run("tk_2", `"`+strings.Repeat("x", 2<<20)+`"`), run("tk_3", `{}`)
	other.Task.Key = "thank/u2"
	got := h.HandleBatch(t.Context(), []task.Run{*good, *large, *other})
	if len(got) != 3 || got["tk_1"].Outcome() != task.OK || got["tk_3"].Outcome() != task.OK || got["tk_2"].Code() != "too_large" {
		t.Error(got)
	}
	read(t, client, 2)
}

// What the brokers of the topic refuse, for its size or since the topic is gone, is refused for good.
func TestWhatBrokersRefuse(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "thanks"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	h := sink(t, cluster.ListenAddrs()[0], "thanks")
	for refusal, want := range map[*kerr.Error]string{
		kerr.MessageTooLarge: "too_large", kerr.RecordListTooLarge: "too_large",
		kerr.TopicAuthorizationFailed: "unavailable", kerr.InvalidRecord: "unavailable", // people may put these right
	} {
		var acks int16
		cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
			req := r.(*kmsg.ProduceRequest)
			acks = req.Acks
			resp := req.ResponseKind().(*kmsg.ProduceResponse)
			for _, topic := range req.Topics {
				refused := kmsg.NewProduceResponseTopic()
				refused.Topic, refused.TopicID = topic.Topic, topic.TopicID
				for _, p := range topic.Partitions {
					partition := kmsg.NewProduceResponseTopicPartition()
					partition.Partition, partition.ErrorCode = p.Partition, refusal.Code
					refused.Partitions = append(refused.Partitions, partition)
				}
				resp.Topics = append(resp.Topics, refused)
			}
			return resp, nil, true
		})
		if r := h.Handle(t.Context(), run("tk_1", "{}")); r.Code() != want || acks != -1 {
			t.Errorf("%s: %s with acks %d, want %s", refusal.Message, r, acks, want)
		}
	}
	if r := h.Handle(t.Context(), run("tk_1", "{}")); r.Outcome() != task.OK {
		t.Error(r)
	}
}

func TestTopicsThatAreNotThere(t *testing.T) {
	b, client := broker(t)
	if r := sink(t, b.Addr(), "none").Handle(t.Context(), run("tk_1", "{}")); r.Code() != "unknown_topic" || !strings.Contains(r.String(), "topic none") {
		t.Error(r)
	}
	topics, err := kadm.NewClient(client).ListTopics(t.Context())
	if err != nil || topics.Has("none") {
		t.Errorf("the topic was made: %v, %v", topics.Names(), err)
	}
}

// Without brokers the run fails when its time is over, and may be tried again.
func TestBrokersThatAreAway(t *testing.T) {
	b, _ := broker(t)
	h := sink(t, b.Addr(), "thanks")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	r := h.Handle(ctx, run("tk_1", "{}"))
	if r.Outcome() != task.Fail || strings.Contains(strings.Join(topicsink.NonRetryable(), " "), r.Code()) {
		t.Error(r)
	}
}

func TestWrongTopics(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a b", "__consumer_offsets", strings.Repeat("a", 250), "a/b"} {
		if _, err := topicsink.New(topicsink.Config{Client: engine.ClientConfig{Brokers: []string{"127.0.0.1:1"}}, Topic: name}); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	if _, err := topicsink.New(topicsink.Config{Topic: "a"}); err == nil {
		t.Error("no brokers were taken")
	}
}
