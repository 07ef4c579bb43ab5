package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/stream"
)

const (
	topic      = "payments"
	partitions = 4
)

// open returns a feed to a topic of a broker in memory.
func open(t *testing.T) *Feed {
	t.Helper()
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), partitions, 1, nil, topic); err != nil {
		t.Fatal(err)
	}
	f, err := Open(t.Context(), Config{Client: engine.ClientConfig{Brokers: []string{b.Addr()}}, Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func send(t *testing.T, f *Feed, lines ...string) {
	t.Helper()
	for _, line := range lines {
		buffer := []byte(line)
		if err := f.Send(t.Context(), buffer); err != nil {
			t.Fatal(err)
		}
		clear(buffer) // as a scanner's, which is used again
	}
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// read returns the n records of the topic, by partition and in order.
func read(t *testing.T, f *Feed, n int) map[int32][]*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.client.OptValue(kgo.SeedBrokers).([]string)...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	got := map[int32][]*kgo.Record{}
	for have := 0; have < n; {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		for r := range fetches.RecordsAll() {
			got[r.Partition] = append(got[r.Partition], r)
			have++
		}
	}
	return got
}

func event(transaction string, n int, updatedAt string) string {
	return fmt.Sprintf(`{"id":"e%d","transaction_id":%q,"updated_at":%s}`, n, transaction, updatedAt)
}

func TestSendKeysByTransactionAndKeepsTheOrderOfAKey(t *testing.T) {
	f := open(t)
	before := time.Now()
	const keys, each = 7, 300
	for n := range each {
		for k := range keys {
			if err := f.Send(t.Context(), []byte(event(fmt.Sprintf("txn_%d", k), n, `"2026-03-01T10:00:00Z"`))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f.Acked() != keys*each {
		t.Errorf("%d acknowledged of %d", f.Acked(), keys*each)
	}
	next, ends := map[string]int{}, map[int32]int64{}
	for partition, records := range read(t, f, keys*each) {
		for _, r := range records {
			var e struct {
				ID            string
				TransactionID string `json:"transaction_id"`
			}
			if err := json.Unmarshal(r.Value, &e); err != nil {
				t.Fatal(err)
			}
			if string(r.Key) != e.TransactionID || partition != stream.Partition(r.Key, partitions) {
				t.Fatalf("%s went to partition %d with key %q", r.Value, partition, r.Key)
			}
			if want := fmt.Sprintf("e%d", next[e.TransactionID]); e.ID != want {
				t.Fatalf("%s came where %s was due", r.Value, want)
			}
			next[e.TransactionID]++
			if r.Timestamp.Before(before.Truncate(time.Millisecond)) {
				t.Fatalf("the record timestamp is %v, not the send time", r.Timestamp)
			}
		}
		ends[partition] = int64(len(records))
	}
	if diff := cmp.Diff(ends, Ends(f)); diff != "" {
		t.Errorf("ends: %s", diff)
	}
	if len(ends) < 2 {
		t.Fatal("all keys in one partition: nothing was shown")
	}
}

func TestWhatIsNoEventGoesOutAsItIs(t *testing.T) {
	lines := []string{
		"not json", `{"id":"e1"`, `[1,2]`, `"text"`, `null`, `{"transaction_id":17}`, `{"transaction_id":""}`, `{}`, "\x00\xff\xfe", "  {\"id\":\t\"e2\"}  ",
	}
	f := open(t)
	send(t, f, lines...)
	want, got := map[string]int32{}, map[string]int32{}
	for _, line := range lines {
		want[line] = stream.Partition([]byte(line), partitions)
	}
	for partition, records := range read(t, f, len(lines)) {
		for _, r := range records {
			if r.Key != nil {
				t.Errorf("%q has the key %q", r.Value, r.Key)
			}
			got[string(r.Value)] = partition
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// clocks returns the time of the last record of each partition, which must be a clock event.
func clocks(t *testing.T, records map[int32][]*kgo.Record) []time.Time {
	t.Helper()
	var at []time.Time
	for p := range int32(partitions) {
		var e struct {
			Type string
			At   time.Time
		}
		if len(records[p]) == 0 {
			t.Fatalf("nothing in partition %d", p)
		}
		last := records[p][len(records[p])-1]
		if err := json.Unmarshal(last.Value, &e); err != nil || e.Type != "clock" || last.Key != nil {
			t.Fatalf("partition %d ends with %q %s, %v", p, last.Key, last.Value, err)
		}
		at = append(at, e.At)
	}
	return at
}

func TestAdvanceSendsAClockEventToEveryPartition(t *testing.T) {
	latest := time.Date(2026, 3, 1, 10, 0, 30, 250e6, time.UTC)
	f := open(t)
	lines := []string{
		event("a", 1, `"2026-03-01T15:30:30.250+05:30"`), // the largest
		event("b", 2, `"2026-03-01T10:00:00Z"`),
		event("c", 3, fmt.Sprint(latest.Add(-time.Second).UnixMilli())),
		event("d", 4, `"9999-01-01T00:00:00Z"`), // absurd
		event("e", 5, `"soon"`), event("f", 6, `null`), event("g", 7, `-5`), event("h", 8, `1e30`),
		event("i", 9, fmt.Sprint(time.Now().Add(time.Hour).UnixMilli())), // the future, as intake sees it
	}
	send(t, f, lines...)
	if !f.Latest().Equal(latest) {
		t.Errorf("latest is %v", f.Latest())
	}
	if err := f.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	records := read(t, f, len(lines)+partitions)
	for _, at := range clocks(t, records) {
		if !at.Equal(latest.Add(time.Hour)) {
			t.Errorf("the clock goes to %v", at)
		}
	}
	if f.Acked() != int64(len(lines)+partitions) {
		t.Errorf("%d acknowledged", f.Acked())
	}
	for p, next := range Ends(f) {
		if int(next) != len(records[p]) {
			t.Errorf("partition %d ends at %d, not %d", p, next, len(records[p]))
		}
	}
}

func TestAdvanceStopsAtThePresent(t *testing.T) {
	f := open(t)
	send(t, f, event("a", 1, fmt.Sprint(time.Now().Add(-time.Minute).UnixMilli())))
	before := time.Now().Truncate(time.Millisecond)
	if err := f.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	after := time.Now()
	for _, at := range clocks(t, read(t, f, 1+partitions)) {
		if at.Before(before) || at.After(after) {
			t.Errorf("the clock goes to %v, at %v", at, before)
		}
	}
}

func TestAdvanceNeedsAnEvent(t *testing.T) {
	f := open(t)
	send(t, f, "not json", event("a", 1, `"9999-01-01T00:00:00Z"`))
	if err := f.Advance(t.Context(), time.Hour); !errors.Is(err, ErrNoEvents) {
		t.Errorf("got %v", err)
	}
	if f.Acked() != 2 {
		t.Errorf("%d records sent", f.Acked())
	}
}

func TestOpenWithoutTheTopicNamesTheRemedy(t *testing.T) {
	f := open(t)
	seeds := f.client.OptValue(kgo.SeedBrokers).([]string)
	_, err := Open(t.Context(), Config{Client: engine.ClientConfig{Brokers: seeds}, Topic: "eu.payments"})
	if err == nil || !strings.Contains(err.Error(), "eu.payments") || !strings.Contains(err.Error(), "millrace topics apply") {
		t.Errorf("got %v", err)
	}
}

// A record that the broker refuses must not pass unseen, whatever follows it.
func TestUndeliveredEventsAreAnError(t *testing.T) {
	f := open(t)
	huge := `{"transaction_id":"a","updated_at":"2026-03-01T10:00:00Z","id":"` + strings.Repeat("x", 3<<20) + `"}`
	err := errors.Join(f.Send(t.Context(), []byte(huge)), f.Flush(t.Context()))
	if err == nil || !strings.Contains(err.Error(), "not delivered") {
		t.Errorf("got %v", err)
	}
	for name, err := range map[string]error{"send": f.Send(t.Context(), []byte("{}")), "flush": f.Flush(t.Context()), "advance": f.Advance(t.Context(), time.Hour)} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
