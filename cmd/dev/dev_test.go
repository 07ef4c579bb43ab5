package dev

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/topology"
)

type boardAnswer struct {
	Users []struct {
		ID, Token string
		Missions  []struct {
			ID                    string
			Progress, Completions int64
		}
	}
	Banks  []struct{ Mode, Instrument, State string }
	Totals struct{ Events int64 }
}

type missionsAnswer struct {
	Items []struct {
		ID       string
		Progress int64
	}
}

const sampleMissions = 9

// summary is the last line of a run that came to rest.
const summary = `^[\d,]+ events, [\d,]+ duplicates, [\d,]+ dead letters, difference 0\.00$`

// TestRuns goes through the life of one data directory.
func TestRuns(t *testing.T) {
	data := t.TempDir()
	user, progress := firstRun(t, data)
	secondRun(t, data, user, progress)
	afterAKill(t, data)
	fresh(t, data)
}

func firstRun(t *testing.T, data string) (user string, progress map[string]int64) {
	r := begin(t, settings(t, data))
	if status := r.get("/readyz", "", nil); status != http.StatusOK {
		t.Errorf("readyz: %d", status)
	}
	r.shows(`events of the last 30m0s are in; live traffic goes on, 2 events a second\. Bank upi/sbi is in an outage`)
	var board boardAnswer
	r.get("/v1/dev/board", "", &board)
	if len(board.Users) == 0 || len(board.Users[0].Missions) == 0 {
		t.Fatalf("nobody to look at: %+v", board)
	}
	if m := board.Users[0].Missions[0]; m.Progress == 0 && m.Completions == 0 {
		t.Errorf("no progress: %+v", m)
	}
	if len(board.Banks) < 10 {
		t.Errorf("%d banks", len(board.Banks))
	}
	if sent := r.payments(); sent < 2000 || board.Totals.Events < sent*9/10 {
		t.Errorf("%d events sent, %d done", sent, board.Totals.Events)
	}
	var bank struct{ Mode, Instrument, State string }
	if status := r.get("/v1/health/upi/sbi", "", &bank); status != http.StatusOK || bank.Instrument != "sbi" || bank.State == "" {
		t.Errorf("upi/sbi: %d %+v", status, bank)
	}
	if late := r.counted("millrace_windows_late_events_total"); late > float64(board.Totals.Events)/200 {
		t.Errorf("%v of %d events came after their window was closed: history overtakes itself", late, board.Totals.Events)
	}
	r.showsTheMetricsOfTheContract()
	r.isSound()
	for p, first := range r.firstPayments() {
		if !strings.HasPrefix(first, `{"type":"clock"`) {
			t.Errorf("partition %d begins with %s: the first events of the others run ahead of it", p, first)
		}
	}
	user, progress = board.Users[0].ID, r.progressOf(board.Users[0].ID)
	checkSecondsAreRefused(t, data, r)
	if last := r.end(); !regexp.MustCompile(summary).MatchString(last) {
		t.Errorf("the last line is %q", last)
	}
	return user, progress
}

// contract are metrics that users of Millrace build on, with their labels (docs/contract.md#metrics).
func contract() map[string][]string {
	return map[string][]string{
		"millrace_conservation_difference_minor":          {"currency"},
		"millrace_conservation_checked_timestamp_seconds": nil,
		"millrace_ledger_settled_minor_total":             {"currency"},
		"millrace_ledger_reversed_minor_total":            {"currency"},
		"millrace_progress_received_minor_total":          {"currency"},
		"millrace_windows_closed_total":                   {"mode"},
		"millrace_windows_late_events_total":              {"mode"},
		"millrace_windows_corrections_total":              {"mode"},
		"millrace_dead_letters_total":                     {"group", "reason"},
		"millrace_duplicates_total":                       {"group"},
		"millrace_transactions_total":                     {"group", "outcome"},
		"millrace_watermark_lag_seconds":                  {"group"},
		"millrace_consumer_lag_records":                   {"group", "topic", "partition"},
		"millrace_health_score_ratio":                     {"mode", "instrument"},
		"millrace_health_enabled":                         {"mode", "instrument"},
		"millrace_table_recovered":                        {"group"},
	}
}

// showsTheMetricsOfTheContract waits until conservation was checked, and looks for each metric with just its labels.
func (r *running) showsTheMetricsOfTheContract() {
	r.t.Helper()
	for r.counted("millrace_conservation_checked_timestamp_seconds") == 0 { // live traffic was looked at
		if r.t.Context().Err() != nil {
			r.t.Fatal("conservation is not checked")
		}
	}
	if d := r.counted("millrace_conservation_difference_minor"); d != 0 {
		r.t.Errorf("the difference is %v", d)
	}
	text := r.metrics()
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		r.t.Errorf("names that Prometheus' users do not expect: %+v, %v", problems, err)
	}
	for _, group := range []string{"progress", "health"} {
		if !strings.Contains(text, `millrace_end_to_end_seconds_count{group="`+group+`"} `) {
			r.t.Errorf("nobody measures how long payments take to %s", group)
		}
	}
	for name, labels := range contract() {
		series := regexp.MustCompile(`(?m)^` + name + `(?:\{(.*)\})? \S+$`).FindStringSubmatch(text)
		if series == nil {
			r.t.Errorf("/metrics has no %s", name)
			continue
		}
		var have []string
		for _, m := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(series[1], -1) {
			have = append(have, m[1])
		}
		slices.Sort(have)
		if want := slices.Sorted(slices.Values(labels)); !slices.Equal(have, want) {
			r.t.Errorf("%s has labels %v, want %v", name, have, want)
		}
	}
}

// isSound audits dev while traffic goes on.
// isSound finds that verify and the running audit, which began in the middle of the history, say the same.
func (r *running) isSound() {
	r.t.Helper()
	const checked = "millrace_conservation_checked_timestamp_seconds"
	before := r.counted(checked)
	t := topology.New(topology.Config{Partitions: r.partitions, Replication: 1})
	report, err := audit.Verify(r.t.Context(), audit.Config{Client: engine.ClientConfig{Brokers: []string{r.broker}}, Topology: t})
	if err != nil || !report.OK {
		r.t.Errorf("%v %+v", err, report)
	}
	if n := r.counted("millrace_conservation_difference_minor"); n != 0 || r.counted(checked) <= before {
		r.t.Errorf("verify finds nothing, the running audit %v; it has checked at %v and %v", n, before, r.counted(checked))
	}
}

func (r *running) progressOf(user string) map[string]int64 {
	r.t.Helper()
	var answer missionsAnswer
	if status := r.get("/v1/users/me/missions", r.token(user, "user"), &answer); status != http.StatusOK || len(answer.Items) != sampleMissions {
		r.t.Fatalf("missions of %s: %d %+v", user, status, answer)
	}
	all := map[string]int64{}
	for _, m := range answer.Items {
		all[m.ID] = m.Progress
	}
	return all
}

// checkSecondsAreRefused starts others in the way of r, which must not mind.
func checkSecondsAreRefused(t *testing.T, data string, r *running) {
	t.Helper()
	sameData := settings(t, data)
	freshData := sameData
	freshData.Fresh = true
	samePort := settings(t, t.TempDir())
	samePort.KafkaPort = r.brokerPort()
	for name, c := range map[string]Config{"same data": sameData, "same data, fresh": freshData, "same port": samePort} {
		var out strings.Builder
		c.Out = &out
		err := Run(t.Context(), c)
		if !errors.Is(err, embedded.ErrInUse) || !strings.Contains(err.Error(), "another `millrace dev`") || !strings.Contains(err.Error(), "--data") {
			t.Errorf("%s: %v", name, err)
		}
		if out.Len() > 0 {
			t.Errorf("%s: printed %q", name, out.String())
		}
	}
	if status := r.get("/readyz", "", nil); status != http.StatusOK {
		t.Errorf("the first dev minds: %d", status)
	}
}

func (r *running) brokerPort() int {
	addr, err := net.ResolveTCPAddr("tcp", r.broker)
	if err != nil {
		r.t.Fatal(err)
	}
	return addr.Port
}

func secondRun(t *testing.T, data, user string, before map[string]int64) {
	r := begin(t, settings(t, data))
	r.shows(`Going on with the data of the last run; live traffic, 2 events a second\. Bank upi/sbi is in an outage`)
	if text, _ := r.screen.read(); strings.Contains(text, "not stopped cleanly") {
		t.Error("a clean stop was taken for an unclean one")
	}
	after := r.progressOf(user)
	kept := false
	for id, progress := range before {
		kept = kept || progress > 0 && after[id] > 0
	}
	if !kept {
		t.Errorf("progress was %v and is %v", before, after)
	}
	if last := r.end(); !regexp.MustCompile(summary).MatchString(last) {
		t.Errorf("the last line is %q", last)
	}
}

func afterAKill(t *testing.T, data string) {
	if err := os.WriteFile(filepath.Join(data, "kafka", "RUNNING"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := settings(t, data)
	c.NoTraffic = true
	r := begin(t, c)
	aside := r.shows(`not stopped cleanly, so its data may be wrong\. It is kept in (\S+); starting fresh`)[1]
	if _, err := os.Stat(filepath.Join(aside, "broker")); err != nil {
		t.Errorf("the data is not there: %v", err)
	}
	r.shows(`No traffic: send events with .*replay`)
	if n := r.payments(); n != 0 {
		t.Errorf("--no-traffic sent %d records", n)
	}
	if n := len(r.progressOf("anybody")); n != sampleMissions {
		t.Errorf("%d missions", n)
	}
	if err := r.client().ProduceSync(t.Context(), &kgo.Record{Topic: "payments", Value: []byte("junk")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if last := r.end(); last != "0 events, 0 duplicates, 1 dead letters, difference 0.00" {
		t.Errorf("the last line is %q", last)
	}
}

func fresh(t *testing.T, data string) {
	c := settings(t, data)
	c.NoTraffic, c.Fresh = true, true
	r := begin(t, c)
	if n := r.payments(); n != 0 {
		t.Errorf("--fresh kept %d records", n)
	}
	if n := len(r.progressOf("anybody")); n != sampleMissions {
		t.Errorf("%d missions", n)
	}
	if last := r.end(); last != "0 events, 0 duplicates, 0 dead letters, difference 0.00" {
		t.Errorf("the last line is %q", last)
	}
	kept, err := filepath.Glob(filepath.Join(data, "kafka*"))
	if err != nil || len(kept) != 2 { // the present one, and that of the kill
		t.Errorf("data directories: %v %v", kept, err)
	}
}

func TestTakenPortOfHTTP(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	c := settings(t, t.TempDir())
	c.NoTraffic, c.Port, c.Out = true, taken.Addr().(*net.TCPAddr).Port, io.Discard
	if err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "--port") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "kafka", "RUNNING")); err == nil {
		t.Error("the data was not closed")
	}
}

func TestValidateListsEveryProblem(t *testing.T) {
	err := Config{Port: -1, KafkaPort: 70000}.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"--port -1", "--kafka-port 70000", "--rate", "--data"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in %v", want, err)
		}
	}
	c := Config{Port: 8080, KafkaPort: 8080, Rate: 1, Data: "x"}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "must differ") {
		t.Errorf("equal ports: %v", err)
	}
}
