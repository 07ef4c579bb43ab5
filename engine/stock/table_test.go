package stock

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/stream"
)

func (f *fixture) open(topic string, onChange func(string, []byte)) (*Table, func()) {
	f.t.Helper()
	table, err := NewTable(f.config(), topic, onChange)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- table.Run(ctx) }()
	return table, func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Error(err)
		}
	}
}

func TestTableFollowsItsTopic(t *testing.T) {
	f := newFixture(t)
	for i := range 20 {
		f.write("other-table", fmt.Sprintf("k%02d", i), []byte("old"))
	}
	for _, key := range minimalKeys() {
		f.write("other-table", key, []byte("minimal"))
	}
	f.flush()
	changes := 0
	table, stop := f.open("other-table", func(string, []byte) { changes++ })
	if err := table.WaitRecovered(deadline(t)); err != nil {
		t.Fatal(err)
	}
	if !table.Recovered() || table.Len() != 23 {
		t.Fatalf("recovered %v, %d rows", table.Recovered(), table.Len())
	}
	if diff := cmp.Diff(f.ends("other-table"), table.Offsets().Next()); diff != "" {
		t.Error(diff)
	}
	f.write("other-table", "k00", nil)
	f.write("other-table", "k01", []byte("new"))
	f.flush()
	if err := table.Offsets().Wait(deadline(t), f.ends("other-table")); err != nil {
		t.Fatal(err)
	}
	if _, ok := table.Get("k00"); ok {
		t.Error("k00 is still there")
	}
	for key, want := range map[string]string{"k01": "new", "k02": "old", minimalKeys()[0]: "minimal", "none": ""} {
		if got, ok := table.Get(key); string(got) != want || ok != (want != "") {
			t.Errorf("%s is %q, %v", key, got, ok)
		}
	}
	var keys []string
	table.Ascend("k17", func(key string, _ []byte) bool {
		keys = append(keys, key)
		return len(keys) < 5
	})
	if diff := cmp.Diff([]string{"k17", "k18", "k19", minimalKeys()[0], minimalKeys()[1]}, keys); diff != "" {
		t.Error(diff)
	}
	stop()
	if table.Recovered() || changes != 25 {
		t.Errorf("recovered %v, %d changes", table.Recovered(), changes)
	}
}

func TestEmptyTableIsRecovered(t *testing.T) {
	f := newFixture(t)
	table, stop := f.open("other-table", nil)
	defer stop()
	if err := table.WaitRecovered(deadline(t)); err != nil || !table.Recovered() || table.Len() != 0 {
		t.Error(err, table.Recovered(), table.Len())
	}
}

func TestTableOfAMissingTopicIsRefused(t *testing.T) {
	f := newFixture(t)
	table, err := NewTable(f.config(), "no-such-table", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Run(deadline(t)); !errors.Is(err, ErrTopic) {
		t.Errorf("got %v", err)
	}
	c := f.config()
	c.Partitions = 12
	table, err = NewTable(c, "other-table", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Run(deadline(t)); !errors.Is(err, ErrTopic) {
		t.Errorf("got %v", err)
	}
}

func TestTableStopsWhileItRecovers(t *testing.T) {
	f := newFixture(t)
	for i := range 1000 {
		f.write("other-table", fmt.Sprint(i), make([]byte, 1000))
	}
	f.flush()
	started := make(chan struct{}, 1000)
	_, stop := f.open("other-table", func(string, []byte) { started <- struct{}{} })
	<-started
	stop()
}

var _ stream.Codec[int] = number{}
