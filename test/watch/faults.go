package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// The services that are struck.
const (
	generator   = "traffic"
	letters     = "deadletters"
	catalog     = "catalog"
	server      = "serve"
	old         = 40 * time.Minute
	hangs       = 10 * time.Minute // beyond the run
	manyRecords = 105_000          // above the alert's 100,000
)

// faults returns what is to go wrong, in order. An alert that is new to deploy/prometheus needs one that makes it fire.
func faults() []fault {
	return slices.Concat(trafficFaults(), missionFaults(), taskFaults(), processFaults())
}

func trafficFaults() []fault {
	return []fault{
		{
			name: "a producer sends payments that are 40 minutes old, and nobody sends others", cause: oldTraffic,
			alerts: []string{`MillraceWatermarkStuck{group="ledger"}`}, quiet: true,
		},
		{
			name: "a producer writes ids into gateway", cause: madeUpGateways,
			alerts: []string{`MillraceHealthOther{mode="upi"}`},
		},
		{
			name: "payments of a bank fail for 10 minutes", cause: outage, lasts: true,
			alerts: []string{`MillraceInstrumentDisabled{mode="upi",instrument="sbi"}`}, within: 90 * time.Second,
		},
		{name: "none: the demo's traffic, and callers of the API", cause: demo},
		{
			name: "the broker hangs, twice", cause: brokerHangs, quiet: true,
			alerts: []string{"MillraceMoneyNotChecked", "MillraceTransactionsAborted", "MillraceApiErrorsFast",
				"MillraceApiErrorsSlow"}, within: 80 * time.Second,
		},
		{
			name: "the broker takes 3 s for an answer", cause: brokerIsSlow,
			alerts: []string{`MillraceCommitSlow{group="ledger"}`},
		},
		{
			name: "a transaction in the topic of claims is never ended", cause: hangingTransaction, slow: true,
			quiet: true, lasts: true,
			alerts: []string{`MillraceHangingTransaction{topic="claims"}`}, within: 80 * time.Second,
		},
		{
			name: "a producer sends what is no JSON", cause: poison,
			alerts: []string{`MillraceDeadLetters{reason="malformed"}`},
		},
		{
			name: "a refund comes whose payment nobody has sent", cause: strayRefund,
			alerts: []string{`MillraceReversalsWaiting{currency="USD"}`},
		},
		{
			name: "a row of the ledger is changed behind its back", cause: forgedRow, lasts: true,
			alerts: []string{`MillraceMoneyNotConserved{currency="INR"}`},
		},
	}
}

func processFaults() []fault {
	return []fault{
		{
			name: "a group is killed", cause: killed,
			alerts: []string{`MillraceDown{service="deadletters"}`},
		},
		{
			name: "a group is started while a transaction hangs in its table's changelog", cause: lockedTable,
			alerts: []string{`MillraceTableNotRecovered{group="deadletters"}`},
		},
		{
			name: "a group ends again and again", cause: restarts, lasts: true,
			alerts: []string{`MillraceRestarts{service="deadletters"}`},
		},
		{
			name: "producers end", cause: noInput, slow: true,
			alerts: []string{"MillraceNoInput"},
		},
		{
			name: "catalog is away, so that progress takes nothing of a burst of records", cause: catalogAway,
			alerts: []string{
				`MillraceInputHeld{group="progress",table="catalog-table"}`, `MillraceConsumerLag{group="progress"}`,
				`MillraceNotCommitting{group="progress"}`,
			},
		},
	}
}

type undo = func(context.Context) error

// generate sends traffic by the binary, from the service of the demo.
func (w *watcher) generate(ctx context.Context, args ...string) error {
	out, err := w.run(ctx, generator, append([]string{"generate", "--flat"}, args...)...)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was to go on until it is ended
	}
	w.log.Printf("generate: %s", out)
	return err
}

func rfc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func oldTraffic(ctx context.Context, w *watcher) (undo, error) {
	sending, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.generate(sending, "--pace", "--rate", "100", "--from", rfc(time.Now().Add(-old))) }()
	return func(context.Context) error { stop(); return <-done }, nil
}

// madeUpGateways sends minute after minute of payments of one bank, each by a gateway of its own. Their windows close
// at once, for event time follows; after gatewayMinutes it has come near to outageFrom, and it ends.
func madeUpGateways(ctx context.Context, w *watcher) (undo, error) {
	from := time.Now().Add(-old + 2*time.Minute).Truncate(time.Minute)
	sending, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		var err error
		for minute := 0; minute < gatewayMinutes && sending.Err() == nil && err == nil; minute++ {
			err = w.gatewayMinute(ctx, from.Add(time.Duration(minute)*time.Minute))
			select {
			case <-sending.Done():
			case <-time.After(scrapeEvery): // so that Prometheus sees the counter rise
			}
		}
		done <- err
	}()
	return func(context.Context) error { stop(); return <-done }, nil
}

const (
	gatewayMinutes = 12
	gateways       = 150 // one instrument has 64 places
	outageFrom     = old - (gatewayMinutes+5)*time.Minute
)

func (w *watcher) gatewayMinute(ctx context.Context, at time.Time) error {
	var lines strings.Builder
	for n := range gateways {
		id := fmt.Sprintf("watch-%d-%d", at.Unix(), n)
		fmt.Fprintf(&lines, `{"id":%q,"type":"payment","transaction_id":%q,"user_id":"watch","amount":100,"currency":"INR","status":"success",`+
			`"mode":"upi","instrument":"axis","gateway":%q,"merchant":"watch","updated_at":%q}`+"\n", id, id, id,
			rfc(at))
	}
	file := filepath.Join(w.dir, "gateways.jsonl")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		return err
	}
	_, err := w.run(ctx, generator, "replay", file, "--advance", "75s")
	return err
}

// outage sends the minutes since the old payments at once. Then sbi, the largest bank, is down; as all windows since
// are counted at once its state follows at once too.
func outage(ctx context.Context, w *watcher) (undo, error) {
	now := time.Now()
	file := filepath.Join(w.dir, "outages.yaml")
	text := fmt.Sprintf("- {mode: upi, instrument: sbi, begin: %s, end: %s, success: 0}\n",
		rfc(now.Add(-10*time.Minute)), rfc(now.Add(time.Hour)))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return nil, w.generate(ctx, "--rate", "20", "--from", rfc(now.Add(-outageFrom)), "--to", rfc(now),
		"--outages", file)
}

func demo(ctx context.Context, w *watcher) (undo, error) {
	return nil, errors.Join(w.up(ctx, generator), w.call(ctx))
}

// noInput ends all that send payments; the API is still asked.
func noInput(_ context.Context, w *watcher) (undo, error) {
	w.workers[generator].Stop()
	w.callers.silent()
	return nil, nil
}

// produce sends a record to the partition of its key.
func (w *watcher) produce(ctx context.Context, client *kgo.Client, topic, key string, value []byte) error {
	return client.ProduceSync(ctx, w.record(topic, key, value)).FirstErr()
}

func (w *watcher) record(topic, key string, value []byte) *kgo.Record {
	return &kgo.Record{Topic: topic, Key: []byte(key), Value: value,
		Partition: stream.Partition([]byte(key), w.topology.Config.Partitions)}
}

// hang leaves a transaction with a record in a topic open; undo aborts it.
func (w *watcher) hang(ctx context.Context, topic string) (undo, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(w.broker.Addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.TransactionalID("watch-"+topic), kgo.TransactionTimeout(hangs))
	if err != nil {
		return nil, err
	}
	if err := client.BeginTransaction(); err != nil {
		return nil, err
	}
	if err := w.produce(ctx, client, topic, "watch", []byte("never committed")); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		defer client.Close()
		return client.EndTransaction(ctx, kgo.TryAbort)
	}, nil
}

// hangingTransaction holds up a topic that the audit does not read, for the audit would wait, too.
func hangingTransaction(ctx context.Context, w *watcher) (undo, error) {
	return w.hang(ctx, w.topology.Claims.Name)
}

func poison(ctx context.Context, w *watcher) (undo, error) {
	return repeated(ctx, 100*time.Millisecond, func(n int) error {
		return w.produce(ctx, w.client, w.topology.Payments.Name, strconv.Itoa(n), []byte("<payment/>"))
	}), nil
}

// repeated sends again and again until undo, which returns why sending has failed.
func repeated(ctx context.Context, every time.Duration, send func(n int) error) undo {
	sending, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for n := 0; ; n++ {
			if err := send(n); err != nil {
				done <- err
				return
			}
			select {
			case <-sending.Done():
				done <- nil
				return
			case <-ticker.C:
			}
		}
	}()
	return func(context.Context) error { stop(); return <-done }
}

// strayRefund sends a refund, and undo the payment that it is of.
func strayRefund(ctx context.Context, w *watcher) (undo, error) {
	send := func(ctx context.Context, kind string) error {
		return w.produce(ctx, w.client, w.topology.Payments.Name, "stray",
			fmt.Appendf(nil, `{"id":"stray-%[1]s","type":%[1]q,"transaction_id":"stray","user_id":"watch",`+
				`"amount":100,"currency":"USD","status":"success","mode":"upi","instrument":"sbi","gateway":"razorpay","updated_at":%[2]q}`, kind, rfc(time.Now())))
	}
	return func(ctx context.Context) error { return send(ctx, "payment") }, send(ctx, "reversal")
}

// forgedRow adds 77 paise to the row of the transaction that changed last.
func forgedRow(ctx context.Context, w *watcher) (undo, error) {
	table := string(w.topology.Ledger.Table())
	reader, err := kgo.NewClient(kgo.SeedBrokers(w.broker.Addrs...), kgo.ConsumeTopics(table),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		for r := range reader.PollFetches(ctx).RecordsAll() {
			if r.Value == nil || position.IsReserved(string(r.Key)) || watermark.Is(r.Value) {
				continue
			}
			row, err := ledgercodec.Row{}.Decode(r.Value)
			if err != nil || row.Net() <= 0 || row.Facts.Currency != "INR" {
				continue
			}
			row.Facts.AmountMinor += 77
			value, err := ledgercodec.Row{}.Encode(row)
			if err != nil {
				return nil, err
			}
			return nil, w.produce(ctx, w.client, table, string(r.Key), value)
		}
	}
	return nil, errors.New("no row of the ledger changes")
}

func killed(ctx context.Context, w *watcher) (undo, error) {
	if !w.workers[letters].Kill() {
		return nil, errors.New("it did not run")
	}
	return func(ctx context.Context) error { return w.up(ctx, letters) }, nil
}

func lockedTable(ctx context.Context, w *watcher) (undo, error) {
	if !w.workers[letters].Kill() {
		return nil, errors.New("it did not run")
	}
	end, err := w.hang(ctx, letters+"-table")
	if err != nil {
		return nil, err
	}
	if err := w.workers[letters].Start(); err != nil { // it cannot become healthy
		return nil, err
	}
	return func(ctx context.Context) error { return errors.Join(end(ctx), w.healthy(ctx, letters)) }, nil
}

// restarts kills a process so often that the alert must fire. Each start must be seen once, so it waits for a scrape.
func restarts(ctx context.Context, w *watcher) (undo, error) {
	for range 4 {
		if !w.workers[letters].Kill() {
			return nil, errors.New("it did not run")
		}
		if err := w.up(ctx, letters); err != nil {
			return nil, err
		}
		if err := w.scraped(ctx); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// scraped returns once Prometheus has asked every target after now.
func (w *watcher) scraped(ctx context.Context) error {
	if err := until(ctx, func() error { return w.prometheus.targetsUp(ctx) }); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(2 * scrapeEvery):
		return nil
	}
}

func catalogAway(ctx context.Context, w *watcher) (undo, error) {
	if !w.workers[catalog].Kill() {
		return nil, errors.New("it did not run")
	}
	back := func(ctx context.Context) error { return w.up(ctx, catalog) }
	if err := until(ctx, func() error { // progress is held from then on
		if err := w.poll(ctx); err != nil {
			return err
		}
		if !w.hasFired(`MillraceInputHeld{group="progress"}`) {
			return errors.New("progress is not held")
		}
		return nil
	}); err != nil {
		return back, err
	}
	var failed error
	for n := range manyRecords {
		user := "watch-" + strconv.Itoa(n%1000)
		value, err := missioncodec.UserSegments{}.Encode(&mission.Segments{
			ID: "watch-" + strconv.Itoa(n), UserID: user, Segments: []string{"gold"}, Actor: "watch",
			At: instant.Milli(time.Now().UnixMilli()),
		})
		if err != nil {
			return back, err
		}
		w.client.Produce(ctx, w.record(w.topology.UserSegments.Name, user, value), func(_ *kgo.Record, err error) {
			if err != nil {
				failed = err // read after Flush
			}
		})
	}
	return back, errors.Join(w.client.Flush(ctx), failed)
}
