package views

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/views/asof"
	devviews "github.com/millrace/millrace/views/dev"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

func partition(key string) int32 { return stream.Partition([]byte(key), tablePartitions) }

// asOf asks for target and returns its as_of and what its token holds.
func (f *fixture) asOf(target string) (map[string]any, asof.Position) {
	f.t.Helper()
	as := f.get(target)["as_of"].(map[string]any)
	p, err := asof.Parse(as["token"].(string))
	f.check(err)
	return as, p
}

// in is the position of one partition of the table in memory.
func in(partition int32, next int64) map[int32]map[string]int64 {
	return map[int32]map[string]int64{partition: {"in": next}}
}

func TestTokensAreOfThePartitionsThatAnswered(t *testing.T) {
	f := filled(t)
	f.tables.ledger.put("another", nil) // in another partition
	f.putLetter("l", payment.Malformed, "intake", 0, "x")
	f.tables.letters.put("gone", nil)
	swiggyKey := "mission/swiggy-500"
	for target, want := range map[string]asof.Position{
		"/v1/panel/transactions/t1":           {"ledger-table": in(partition("t1"), 1)},
		"/v1/users/usr_1/missions":            {"progress-table": in(partition("usr_1"), 1), "catalog-table": in(partition(swiggyKey), 1)},
		"/v1/panel/missions/swiggy-500":       {"catalog-table": in(partition(swiggyKey), 1)},
		"/v1/routing/upi/sbi":                 {"routing-table": in(partition("upi"), 1)},
		"/v1/health?mode=UPI":                 {"routing-table": in(partition("upi"), 1)},
		"/v1/health?mode=wallet":              {"routing-table": {}}, // its partition knows nothing yet
		"/v1/panel/dead-letters?group=intake": {"deadletters-table": {partition("l"): {"in": 1}, partition("gone"): {"in": 1}}},
	} {
		if _, got := f.asOf(target); !cmp.Equal(want, got) {
			t.Errorf("%s: %s", target, cmp.Diff(want, got))
		}
	}
}

// The position is that of before the rows were read: what is written in between shows, though the token does not say
// so.
func TestPositionIsNoNewerThanTheRows(t *testing.T) {
	f := filled(t)
	was := f.server.Sources.Ledger.Rows
	f.server.Sources.Ledger.Rows = meanwhile{was, func() {
		for range 5 {
			f.putTransaction()
		}
	}}
	if _, got := f.asOf("/v1/panel/transactions/t1"); !cmp.Equal(got, asof.Position{"ledger-table": in(partition("t1"), 1)}) {
		t.Errorf("token of %v", got)
	}
}

type meanwhile struct {
	serve.Rows
	write func()
}

func (m meanwhile) Get(key string) ([]byte, error) {
	m.write()
	return m.Rows.Get(key)
}

func TestMinAsOfWaitsForTheTable(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Wait = time.Minute })
	target := "/v1/panel/transactions/t1?min_as_of=" + asof.Position{"ledger-table": in(partition("t1"), 1)}.Encode()
	admin := f.token("a", token.Admin)
	done := make(chan *httptest.ResponseRecorder)
	go func() { done <- f.ask("GET", target, admin) }()
	<-f.tables.ledger.onWaiting
	f.putTransaction()
	w := <-done
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	as := f.object(w.Body.Bytes())["as_of"].(map[string]any)
	if w := f.ask("GET", "/readyz?min_as_of="+as["token"].(string), ""); w.Code != http.StatusOK {
		t.Errorf("its own token: %d", w.Code)
	}
}

// A token waits for the tables that it names, whichever of them answers: one that the reader's own table has long
// reached still waits for the other's.
func TestTokensOfOtherEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := filled(t)
		late := asof.Position{"ledger-table": in(partition("t1"), 2)}.Encode()
		admin := f.token("usr_1", token.User, token.Admin)
		done := make(chan *httptest.ResponseRecorder)
		go func() { done <- f.ask("GET", "/v1/users/me/missions?min_as_of="+late, admin) }()
		synctest.Wait()
		select {
		case w := <-done:
			t.Fatalf("it did not wait for the ledger: %d", w.Code)
		default:
		}
		f.putTransaction()
		if w := <-done; w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestMinAsOfRunsOutAfterFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := filled(t, func(c *Config) { c.Wait = 0 }) // the default
		late := asof.Position{"ledger-table": in(partition("t1"), 1), "progress-table": in(3, 99)}.Encode()
		for _, target := range []string{"/readyz", "/v1/users/me/missions", "/v1/health", "/v1/panel/transactions/t1", "/v1/panel/dead-letters"} {
			began := time.Now()
			w := f.ask("GET", target+"?min_as_of="+late, f.token("a", token.User, token.Admin))
			f.wantProblem(w, http.StatusServiceUnavailable, "recovering")
			if w.Header().Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", target)
			}
			if took := time.Since(began); took != 5*time.Second {
				t.Errorf("%s: waited %v", target, took)
			}
		}
	})
}

func TestTokensThatAreNone(t *testing.T) {
	f := filled(t)
	good := asof.Position{"ledger-table": in(partition("t1"), 1)}
	raw, err := base64.RawURLEncoding.DecodeString(good.Encode())
	f.check(err)
	raw[len(raw)-6]++
	for name, text := range map[string]string{
		"junk": "junk", "tampered": base64.RawURLEncoding.EncodeToString(raw), "cut": good.Encode()[:8],
		"another deployment's":      asof.Position{"other-table": in(0, 1)}.Encode(),
		"of more partitions":        asof.Position{"ledger-table": in(tablePartitions, 0)}.Encode(),
		"of what is no group table": asof.Position{"transactions": in(0, 1)}.Encode(),
	} {
		for _, target := range []string{"/readyz", "/v1/panel/transactions/t1"} {
			w := f.ask("GET", target+"?min_as_of="+text, f.token("a", token.Admin))
			p := f.wantProblem(w, http.StatusBadRequest, "bad_request")
			if firstPointer(p) != "/query/min_as_of" || strings.Contains(w.Body.String(), text) {
				t.Errorf("%s: %s", name, w.Body)
			}
		}
	}
	if w := f.ask("GET", "/readyz?min_as_of="+good.Encode(), ""); w.Code != http.StatusOK {
		t.Errorf("the good one: %d", w.Code)
	}
}

// On tables that do not say how far they are, as_of says nothing, and is taken back as such.
func TestTablesThatSayNothing(t *testing.T) {
	f := filled(t)
	f.tables.ledger.set(func() { clear(f.tables.ledger.inputs) })
	as, got := f.asOf("/v1/panel/transactions/t1")
	if !cmp.Equal(got, asof.Position{"ledger-table": {}}) || as["stream_time"] != "2026-03-01T10:00:01.000Z" {
		t.Errorf("%v %v", as, got)
	}
	f.asOf("/v1/panel/transactions/t1?min_as_of=" + as["token"].(string))
}

func TestStreamTimeIsTheLowestWatermark(t *testing.T) {
	f := filled(t)
	says := func(table *memTable, at map[int32]time.Time) { table.set(func() { table.watermark = at }) }
	check := func(target string, want any) {
		t.Helper()
		if as, _ := f.asOf(target); as["stream_time"] != want {
			t.Errorf("%s: %v, want %v", target, as, want)
		}
	}
	says(f.tables.ledger, map[int32]time.Time{partition("t1"): start.Add(time.Hour), partition("another"): start})
	check("/v1/panel/transactions/t1", "2026-03-01T11:00:00.000Z")
	all := map[int32]time.Time{}
	for p := range int32(tablePartitions) {
		all[p] = start.Add(2*time.Hour + time.Duration(p)*time.Minute)
	}
	says(f.tables.health, all)
	check("/v1/health/upi/sbi", "2026-03-01T12:00:00.000Z") // routing does not tell
	says(f.tables.routing, map[int32]time.Time{partition("upi"): start.Add(time.Minute)})
	check("/v1/health/upi/sbi", "2026-03-01T10:01:00.000Z")
	check("/v1/routing/upi/sbi", "2026-03-01T10:01:00.000Z")
	check("/v1/health", "2026-03-01T10:03:00.000Z") // not all partitions tell: that of the rows
}

func TestAnswersOfAbandonedTablesAreStale(t *testing.T) {
	f := filled(t)
	for _, c := range []struct {
		behind time.Duration
		want   any
	}{{serve.StaleAfter, nil}, {serve.StaleAfter + 1, true}} {
		f.tables.ledger.set(func() { f.tables.ledger.behind = c.behind })
		if as, _ := f.asOf("/v1/panel/transactions/t1"); as["stale"] != c.want {
			t.Errorf("behind by %v: %v", c.behind, as)
		}
		if as, _ := f.asOf("/v1/users/me/missions"); as["stale"] != nil {
			t.Errorf("another table: %v", as)
		}
	}
}

// A row that cannot be decoded is an error of its own; lists go on without it, and the log speaks of it once.
func TestRowsThatCannotBeDecoded(t *testing.T) {
	f := filled(t)
	f.putLetter("good", payment.Malformed, "intake", 0, "x")
	other := swiggy()
	other.ID = "other"
	f.putMission(other)
	junk := []byte("secret row")
	f.tables.ledger.put("bad", junk)
	f.tables.progress.put("usr_bad", junk)
	f.tables.catalog.put("mission/swiggy-500", junk)
	f.tables.letters.put("bad", junk)
	f.tables.routing.put("wallet", junk)
	f.tables.health.put("upi/hdfc/payu", junk)
	service := f.token("backend", token.Service, token.Admin)
	for range 3 {
		for _, target := range []string{
			"/v1/panel/transactions/bad", "/v1/users/usr_bad/missions", "/v1/users/usr_bad/missions/other", "/v1/panel/missions/swiggy-500",
			"/v1/health/wallet/paytm", "/v1/health?mode=wallet", "/v1/routing/wallet/paytm", "/v1/health/upi/hdfc",
		} {
			w := f.ask("GET", target, service)
			f.wantProblem(w, http.StatusInternalServerError, "internal")
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("%s says too much: %s", target, w.Body)
			}
		}
		for _, target := range []string{"/v1/panel/transactions/t1", "/v1/users/usr_1/missions/other", "/v1/health/upi/sbi", "/readyz"} {
			if w := f.ask("GET", target, service); w.Code != http.StatusOK {
				t.Errorf("%s: %d %s", target, w.Code, w.Body)
			}
		}
		for target, want := range map[string]string{
			"/v1/panel/missions": "other", "/v1/users/usr_1/missions": "other", "/v1/panel/dead-letters": "good",
		} {
			w := f.ask("GET", target, service)
			items := f.object(w.Body.Bytes())["items"].([]any)
			if len(items) != 1 || items[0].(map[string]any)["id"] != want {
				t.Errorf("%s: %s", target, w.Body)
			}
		}
		if items := f.get("/v1/health")["items"].([]any); len(items) != 2 {
			t.Errorf("health: %v", items)
		}
	}
	for _, key := range []string{"key=bad error", "key=usr_bad", "key=mission/swiggy-500", "key=wallet", "key=upi/hdfc/payu", "table=deadletters-table key=bad"} {
		if n := strings.Count(f.log.String(), key); n != 1 && key != "key=bad error" || n == 0 {
			t.Errorf("%q is logged %d times", key, n)
		}
	}
	f.tables.ledger.put("bad", []byte("other junk"))
	before := strings.Count(f.log.String(), "cannot be decoded")
	f.ask("GET", "/v1/panel/transactions/bad", service)
	if n := strings.Count(f.log.String(), "cannot be decoded"); n != before+1 {
		t.Errorf("a row that changed is logged %d times more", n-before)
	}
}

// A store that fails is no row's fault: nothing is left out in silence.
func TestTablesThatFail(t *testing.T) {
	f := filled(t, func(c *Config) {
		c.Board = fixedBoard{devviews.BoardState{Users: []devviews.BoardUser{{ID: "usr_1", Token: "tok"}}}}
	})
	f.putLetter("l", payment.Malformed, "intake", 0, "x")
	for target, table := range map[string]*memTable{
		"/v1/panel/transactions/t1": f.tables.ledger, "/v1/users/me/missions": f.tables.progress, "/v1/panel/missions/nope": f.tables.catalog,
		"/v1/health": f.tables.routing, "/v1/health/upi/sbi": f.tables.health, "/v1/panel/dead-letters": f.tables.letters,
	} {
		table.set(func() { table.failing = errors.New("secret disk") })
		w := f.ask("GET", target, f.token("usr_1", token.User, token.Admin))
		f.wantProblem(w, http.StatusInternalServerError, "internal")
		if !strings.Contains(f.log.String(), "secret disk") || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %s, log %s", target, w.Body, f.log)
		}
		if table == f.tables.progress || table == f.tables.routing || table == f.tables.health {
			f.wantProblem(f.ask("GET", "/v1/dev/board", "", fromHere), http.StatusInternalServerError, "internal")
		}
		table.set(func() { table.failing = nil })
		f.log.Reset()
	}
}

func TestModesThatAreRemoved(t *testing.T) {
	f := filled(t)
	f.tables.routing.put("upi", nil) // as a rebuild does
	if _, ok := f.indexes.modes.Closing["upi"]; ok {
		t.Error("its removal counts as an evaluation")
	}
}
