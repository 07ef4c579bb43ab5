package views

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	healthviews "github.com/millrace/millrace/views/health"
	missionviews "github.com/millrace/millrace/views/mission"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// userStreaming runs a test against the whole HTTP server in a bubble. listen opens usr_1's stream, as of an event id.
func userStreaming(t *testing.T, test func(f *fixture, listen func(last string) *bufio.Reader)) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.putMission(swiggy())
		p := &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
		srv := serve.NewHTTPServer("", f.handler)
		go func() { _ = srv.Serve(p) }()
		var clients []net.Conn
		listen := func(last string) *bufio.Reader {
			client, server := net.Pipe()
			p.accept <- server
			clients = append(clients, client)
			fmt.Fprintf(client, "GET /v1/users/me/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nLast-Event-ID: %s\r\n\r\n", f.token("usr_1", token.User), last)
			return bufio.NewReader(client)
		}
		test(f, listen)
		for _, c := range clients {
			_ = c.Close()
		}
		synctest.Wait()
		f.server.Stop()
		synctest.Wait()
		if f.server.missions.Streams.Users.Open() != 0 || f.server.missions.Streams.Users.Holders() != 0 || f.indexes.watchers.Progress.Waits() != 0 || f.indexes.watchers.Rewards.Waits() != 0 {
			t.Error("somebody still listens")
		}
		_ = srv.Close()
	})
}

// greeted reads the head and the greeting, which it returns.
func greeted(t testing.TB, r *bufio.Reader) string {
	t.Helper()
	if status := line(t, r); status != "HTTP/1.1 200 OK" {
		t.Fatal(status)
	}
	for l := line(t, r); l != ""; l = line(t, r) {
	}
	return block(t, r)
}

// event reads one event and returns its id, kind and the part of its data up to the first field that is asked for.
func (f *fixture) event(r *bufio.Reader) (id, kind string, data map[string]any) {
	f.t.Helper()
	for _, l := range strings.Split(block(f.t, r), "\n") {
		switch name, value, _ := strings.Cut(l, ": "); name {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			data = f.object([]byte(value))
		default:
			f.t.Errorf("%q", l)
		}
	}
	return id, kind, data
}

func (f *fixture) paid(user, id string, minor int64) {
	p := facts(id, minor, "swiggy")
	p.UserID = user
	var row *mission.UserRow
	if value, _ := f.tables.progress.Get(user); value != nil {
		var err error
		row, err = f.topology.Progress.Row.Decode(value)
		f.check(err)
	}
	row, _ = mission.Apply(row, &ledger.Posting{Facts: p, Kind: ledger.PaymentSettled, Seq: 1, NetAfter: minor, At: p.CreatedAt}, f.indexes.missions.Snapshot(), mission.DefaultConfig())
	put(f, f.tables.progress, f.topology.Progress, user, row)
}

// won stores one more reward of a user, and returns its id.
func (f *fixture) won(user, command string) string {
	var row *reward.Row
	if value, _ := f.tables.rewards.Get(user); value != nil {
		var err error
		row, err = f.topology.Rewards.Row.Decode(value)
		f.check(err)
	}
	row, _ = reward.Judge(row, &reward.Command{
		ID: command, Op: reward.Goodwill, UserID: user, Actor: "eve", Reason: "r", Reward: mission.Reward{Kind: mission.RewardCoins, Amount: 5}, At: at(0),
	}, nil, instant.Of(f.now))
	put(f, f.tables.rewards, f.topology.Rewards, user, row)
	return reward.GoodwillID(user, command)
}

func TestUserStream(t *testing.T) {
	userStreaming(t, func(f *fixture, listen func(string) *bufio.Reader) {
		f.paid("usr_1", "t0", 10000)
		r := listen("")
		hello := greeted(f.t, r)
		if !strings.HasPrefix(hello, "retry: 3000\nid: ") || !strings.Contains(hello, "\n: from now on") {
			f.t.Errorf("%q", hello)
		}
		f.paid("usr_2", "t1", 10000) // somebody else
		f.won("usr_2", "c1")
		f.paid("usr_1", "t2", 10000)
		first, kind, data := f.event(r)
		if kind != "progress" || data["id"] != "swiggy-500" || data["progress"] != 20000.0 || data["percent"] != 40.0 || first == "" {
			f.t.Errorf("%s %s %v", first, kind, data)
		}
		id := f.won("usr_1", "c1")
		second, kind, data := f.event(r)
		if kind != "reward" || data["id"] != id || data["state"] != "granted" || second == first {
			f.t.Errorf("%s %s %v", second, kind, data)
		}
		f.tables.progress.hook("usr_1", nil) // written, but not otherwise
		if got := block(f.t, r); got != ": alive" {
			f.t.Errorf("%q", got)
		}

		// Who comes back with what was last seen is told of what has changed since, and of no more.
		same := listen(second)
		if got := greeted(f.t, same); got != "retry: 3000\n: what has changed since, then all that changes" {
			f.t.Errorf("%q", got)
		}
		behind := listen(first)
		greeted(f.t, behind)
		if again, kind, data := f.event(behind); again != second || kind != "reward" || data["id"] != id {
			f.t.Errorf("%s %s %v", again, kind, data)
		}
		f.paid("usr_1", "t3", 10000)
		for _, r := range []*bufio.Reader{same, behind} {
			if _, kind, data := f.event(r); kind != "progress" || data["progress"] != 30000.0 {
				f.t.Errorf("%s %v", kind, data)
			}
		}
	})
}

// However much is written while nobody reads, the last state is what is sent, and nothing is kept for it.
func TestUserStreamOfASlowReader(t *testing.T) {
	userStreaming(t, func(f *fixture, listen func(string) *bufio.Reader) {
		r := listen("")
		greeted(f.t, r)
		for i := range 200 {
			f.paid("usr_1", fmt.Sprint("t", i), 10000)
		}
		events, data := 0, map[string]any{}
		for data["progress"] != 2000000.0 {
			_, _, data = f.event(r)
			events++
		}
		if events > 3 {
			f.t.Errorf("%d events for one state", events)
		}
	})
}

func TestUserStreamsAreBounded(t *testing.T) {
	userStreaming(t, func(f *fixture, listen func(string) *bufio.Reader) {
		for range missionviews.MaxUserStreams {
			greeted(f.t, listen(""))
		}
		if status := line(f.t, listen("")); status != "HTTP/1.1 429 Too Many Requests" {
			f.t.Error(status)
		}
	})
}

func TestUserStreamsEnd(t *testing.T) {
	userStreaming(t, func(f *fixture, listen func(string) *bufio.Reader) {
		r := listen("")
		greeted(f.t, r)
		began, last := time.Now(), ""
		for last == "" || last == ": alive" {
			last = block(f.t, r)
		}
		if took := time.Since(began); took != missionviews.StreamLife || last != ": listen anew" {
			f.t.Errorf("%q after %v", last, took)
		}
		r = listen("")
		greeted(f.t, r)
		f.server.Stop()
		if got := block(f.t, r); got != ": the server is stopping: listen anew" {
			f.t.Errorf("%q", got)
		}
	})
}

// lasting wants a stream to say that it is alive until its token is over, 40 s from now, and then that this is so.
func lasting(t testing.TB, r *bufio.Reader) {
	t.Helper()
	began, last := time.Now(), ""
	for last == "" || last == ": alive" {
		last = block(t, r)
	}
	if took := time.Since(began); took != 40*time.Second || last != ": "+serve.TokenOver {
		t.Errorf("%q after %v", last, took)
	}
}

func TestStreamsEndWithTheirToken(t *testing.T) {
	userStreaming(t, func(f *fixture, listen func(string) *bufio.Reader) {
		f.life = 40 * time.Second
		r := listen("")
		greeted(f.t, r)
		lasting(f.t, r)
		old := f.token("usr_1", token.User)
		f.now = f.now.Add(f.life)
		f.wantProblem(f.ask("GET", "/v1/users/usr_1/stream", old), 401, "unauthenticated")
	})
	streaming(t, func(f *fixture, _ *healthviews.Feed, listen func(string) *bufio.Reader) {
		f.life = 40 * time.Second
		r := listen("/v1/health/stream")
		begin(f.t, r)
		lasting(f.t, r)
	})
}

func TestUserStreamIsForThatUser(t *testing.T) {
	f := newFixture(t)
	f.wantProblem(f.ask("GET", "/v1/users/usr_1/stream", f.token("usr_2", token.User)), 404, "not_found")
	f.wantProblem(f.ask("GET", "/v1/users/usr_1/stream", f.token("eve", token.Admin)), 403, "forbidden")
	f.wantProblem(f.ask("GET", "/v1/users/usr_1/stream", ""), 401, "unauthenticated")
}
