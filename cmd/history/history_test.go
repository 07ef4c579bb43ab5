package history_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/history"
	healthcodec "github.com/millrace/millrace/codecs/health"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/topology"
)

// deployment is a broker with the topics that history is read from, on two partitions.
type deployment struct {
	t        *testing.T
	client   *kgo.Client
	reader   *history.Reader
	progress [2]int64
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	d := &deployment{t: t}
	d.client, err = kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	top := topology.New(topology.Config{Partitions: 2, Replication: 1})
	if _, err := kadm.NewClient(d.client).CreateTopics(t.Context(), 2, 1, nil, top.Attempts.Name, top.HealthWindows.Name); err != nil {
		t.Fatal(err)
	}
	d.reader, err = history.Open(history.Config{
		Client: engine.ClientConfig{Brokers: []string{b.Addr()}}, Topology: top, Progress: func(read, all int64) { d.progress = [2]int64{read, all} },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.reader.Close()
		d.client.Close()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// at is a time on a day, by its seconds.
func at(seconds int64) instant.Milli { return 1_772_359_200_000 + instant.Milli(seconds*1000) }

func (d *deployment) put(topic string, partition int32, stamp instant.Milli, value []byte) {
	d.t.Helper()
	r := &kgo.Record{Topic: topic, Partition: partition, Value: value, Timestamp: stamp.Time()}
	if err := d.client.ProduceSync(d.t.Context(), r).FirstErr(); err != nil {
		d.t.Fatal(err)
	}
}

func (d *deployment) attempt(partition int32, name string, seconds int64) {
	d.t.Helper()
	b, err := ledgercodec.Attempt{}.Encode(&ledger.Attempt{Mode: "upi", Instrument: name, Gateway: "g", Outcome: ledger.Succeeded, At: at(seconds)})
	if err != nil {
		d.t.Fatal(err)
	}
	d.put("attempts", partition, at(seconds), b)
}

// putWatermark writes a watermark of one of two sources.
func (d *deployment) putWatermark(partition, source int32, seconds int64) {
	d.put("attempts", partition, at(seconds), watermark.Record{Origin: "ledger", Source: source, Sources: 2, Time: int64(at(seconds))}.Append(nil))
}

func (d *deployment) window(partition int32, name string, minute int64, change ...func(*health.WindowRecord)) {
	d.t.Helper()
	r := &health.WindowRecord{
		Path: health.Path{Mode: "upi", Instrument: name, Gateway: "g"}, Span: window.Span{Start: at(60 * minute), End: at(60*minute + 60)},
		Counts: health.Counts{ledger.Succeeded: minute + 1}, Samples: minute + 1, Eligible: minute + 1,
	}
	for _, c := range change {
		c(r)
	}
	b, err := healthcodec.WindowRecord{}.Encode(r)
	if err != nil {
		d.t.Fatal(err)
	}
	d.put("health-windows", partition, r.End, b)
}

// story is what a sink hears.
type story struct {
	now   instant.Milli
	lines []string
	fails error
}

func (s *story) Advance(w instant.Milli) { s.now = max(s.now, w) }

func (s *story) line(format string, args ...any) {
	now := "never"
	if s.now > 0 {
		now = fmt.Sprint(s.now.Sub(at(0)))
	}
	s.lines = append(s.lines, now+": "+fmt.Sprintf(format, args...))
}

func (s *story) Attempt(a *ledger.Attempt, from health.Source) {
	s.line("%s of %v from %d/%d", a.Instrument, a.At.Sub(at(0)), from.Partition, from.Offset)
}

func (s *story) Window(p health.Path, span window.Span, c health.Counts) error {
	s.line("%s [%v,%v) %d", p.Instrument, span.Start.Sub(at(0)), span.End.Sub(at(0)), c[ledger.Succeeded])
	return s.fails
}

func (s *story) expect(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.lines); diff != "" {
		t.Error(diff)
	}
	*s = story{}
}

func TestAttemptsGoByTheirOwnWatermarks(t *testing.T) {
	d := newDeployment(t)
	d.attempt(0, "a", 10)
	d.putWatermark(0, 0, 20)
	d.attempt(0, "b", 5) // one source alone moves nothing
	d.putWatermark(0, 1, 30)
	d.attempt(0, "c", 25)
	d.putWatermark(0, 0, 1900)
	d.putWatermark(0, 1, 1900)
	d.attempt(0, "d", 1901)
	d.put("attempts", 1, at(20), watermark.Record{Origin: "ledger", Source: 1, Sources: 2, Time: watermark.None, Idle: true}.Append(nil))
	d.putWatermark(1, 0, 20)
	d.attempt(1, "e", 21) // half an hour behind in the same log
	d.putWatermark(1, 0, 1800)
	d.attempt(1, "f", 1850)
	s := &story{}
	read, err := d.reader.Attempts(t.Context(), 0, 0, s)
	if err != nil || read.Records != 6 || d.progress != [2]int64{13, 13} {
		t.Errorf("%v %+v %v", err, read, d.progress)
	}
	s.expect(t, "never: a of 10s from 0/0", "never: b of 5s from 0/2", "20s: c of 25s from 0/4", "20s: e of 21s from 1/2", "30m0s: f of 30m50s from 1/4", "31m40s: d of 31m41s from 0/7")

	read, err = d.reader.Attempts(t.Context(), 0, at(100), s)
	if err != nil || read.Records != 4 {
		t.Errorf("up to 100 s: %v %+v", err, read)
	}
	s.expect(t, "never: a of 10s from 0/0", "never: b of 5s from 0/2", "20s: c of 25s from 0/4", "20s: e of 21s from 1/2")

	// Begun in the middle, where a source that said its last word before is not waited for.
	if _, err = d.reader.Attempts(t.Context(), at(1900), 0, s); err != nil {
		t.Error(err)
	}
	s.expect(t, "30m0s: f of 30m50s from 1/4", "31m40s: d of 31m41s from 0/7")
	for begin, want := range map[instant.Milli]bool{0: true, at(0): true, at(3600): true} {
		if whole, err := d.reader.AttemptsSince(t.Context(), begin); err != nil || whole != want {
			t.Errorf("attempts since %v: %v %v", begin, whole, err)
		}
	}
	if _, err := kadm.NewClient(d.client).DeleteRecords(t.Context(), kadm.Offsets{"attempts": {0: {Topic: "attempts", Partition: 0, At: 4}}}); err != nil {
		t.Fatal(err)
	}
	for begin, want := range map[instant.Milli]bool{0: false, at(0): false, at(1500): true} {
		if whole, err := d.reader.AttemptsSince(t.Context(), begin); err != nil || whole != want {
			t.Errorf("of what is left, attempts since %v: %v %v", begin, whole, err)
		}
	}
}

func TestWindowsComeInOrder(t *testing.T) {
	d := newDeployment(t)
	for m := range int64(3) { // a group that catches up closes all of one series first
		d.window(0, "a", m)
	}
	for m := range int64(3) {
		d.window(0, "b", m)
	}
	d.window(1, "c", 1)
	d.window(1, "c", 2, func(r *health.WindowRecord) { r.Samples, r.Counts = 0, health.Counts{} })
	d.window(1, "c", 3, func(r *health.WindowRecord) { r.Silent = true })
	d.window(1, "c", 4, func(r *health.WindowRecord) { r.Span = window.Span{Start: at(270), End: at(330)} }) // overlaps, where they hop
	s := &story{}
	read, err := d.reader.Windows(t.Context(), 0, 0, s)
	if err != nil || read.Records != 7 || read.Until != at(180) {
		t.Errorf("%v %+v", err, read)
	}
	s.expect(t, "0s: a [0s,1m0s) 1", "0s: b [0s,1m0s) 1", "1m0s: a [1m0s,2m0s) 2", "1m0s: b [1m0s,2m0s) 2", "1m0s: c [1m0s,2m0s) 2",
		"2m0s: a [2m0s,3m0s) 3", "2m0s: b [2m0s,3m0s) 3")
	if _, err = d.reader.Windows(t.Context(), at(60), at(120), s); err != nil {
		t.Error(err)
	}
	s.expect(t, "1m0s: a [1m0s,2m0s) 2", "1m0s: b [1m0s,2m0s) 2", "1m0s: c [1m0s,2m0s) 2")
	wrong := errors.New("wrong")
	if _, err := d.reader.Windows(t.Context(), 0, 0, &story{fails: wrong}); !errors.Is(err, wrong) {
		t.Error(err)
	}
	if _, err := d.reader.Attempts(t.Context(), 0, 0, s); err == nil || !strings.Contains(err.Error(), "attempts holds no record") {
		t.Error(err)
	}
	d.put("health-windows", 0, at(600), []byte("x"))
	if _, err := d.reader.Windows(t.Context(), 0, 0, s); err == nil || !strings.Contains(err.Error(), "health-windows/0 at 6") {
		t.Error(err)
	}
}

func TestFile(t *testing.T) {
	s := &story{}
	const text = `{"mode":"upi","instrument":"b","gateway":"g","start":"2026-03-01T10:01:00Z","end":"2026-03-01T10:02:00Z","success":2,"samples":2}

{"mode":"upi","instrument":"a","gateway":"g","start":"2026-03-01T10:00:00Z","end":"2026-03-01T10:01:00Z","success":1,"samples":1}`
	read, err := history.File(strings.NewReader(text), 0, 0, s)
	if err != nil || read.Records != 2 || read.Until.Sub(at(0)) != 2*time.Minute {
		t.Errorf("%v %+v", err, read)
	}
	s.expect(t, "0s: a [0s,1m0s) 1", "1m0s: b [1m0s,2m0s) 2")
	if _, err := history.File(strings.NewReader(text+"\nnot"), 0, 0, s); err == nil || !strings.Contains(err.Error(), "line 4") {
		t.Error(err)
	}
}
