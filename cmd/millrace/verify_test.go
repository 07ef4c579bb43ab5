package main

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/engine/embedded"
)

// What is sound is said to be, with exit status 0; a row that no posting accounts for is named, with exit status 1.
func TestVerify(t *testing.T) {
	t.Parallel()
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	to := []string{"--brokers", b.Addr(), "--partitions", "2", "--replication", "1"}
	millrace(t, 0, append([]string{"topics", "apply"}, to...)...)
	lacks(t, millrace(t, 0, append([]string{"verify"}, to...)...).out, "CHECK", "conservation", "true")
	millrace(t, 2, append([]string{"verify", "--watch", "--every", "10ms"}, to...)...)
	lines, ended := watched(t, append([]string{"verify", "--watch", "--every", "1s"}, to...)...)
	if line := <-lines; !strings.Contains(line, " ok, ") {
		t.Errorf("the first round says %q", line)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	row := &ledger.Row{Facts: payment.Facts{TransactionID: "t1", UserID: "u1", AmountMinor: 700, Currency: "INR"}, Status: payment.Success, PostingSeq: 1}
	value, err := ledgercodec.Row{}.Encode(row)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "ledger-table", Key: []byte("t1"), Value: value}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	var last string
	for line := range lines {
		last += line
	}
	if code := <-ended; code != 1 || !strings.Contains(last, "transaction t1") {
		t.Errorf("the watch ended with %d: %s", code, last)
	}
	got := millrace(t, 1, append([]string{"verify", "-o", "json"}, to...)...)
	var report struct {
		OK     bool
		Checks []struct {
			Name     string
			OK       bool
			Evidence []string
		}
	}
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatal(err)
	}
	if report.OK || len(report.Checks) == 0 || report.Checks[0].Name != "conservation" || report.Checks[0].OK {
		t.Fatal(got.out)
	}
	lacks(t, strings.Join(report.Checks[0].Evidence, "\n"), "transaction t1", "700 INR")
	millrace(t, 2, append([]string{"verify"}, nobody()...)...)
}

// watched runs a command until it ends by itself, and returns the lines of its output as they come, and its exit
// status.
func watched(t *testing.T, args ...string) (<-chan string, <-chan int) {
	t.Helper()
	r, w := io.Pipe()
	lines, ended := make(chan string), make(chan int, 1)
	go func() {
		root := newRoot(w, io.Discard)
		root.SetArgs(args)
		ended <- exitCode(execute(t.Context(), root))
		_ = w.Close()
	}()
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text() + "\n"
		}
	}()
	return lines, ended
}
