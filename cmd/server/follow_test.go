package server

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestHealthStreamFollowsTheTopics(t *testing.T) {
	f := newFixture(t)
	top := f.topology
	_, err := kadm.NewClient(f.client).CreateTopics(t.Context(), 3, 1, nil, top.HealthWindows.Name, top.HealthCorrections.Name, top.HealthStatus.Name)
	f.check(err)
	f.check(f.client.ProduceSync(t.Context(), &kgo.Record{Topic: top.HealthStatus.Name, Key: []byte("upi/old"), Value: []byte("{}")}).FirstErr())
	s := f.serve()
	f.caughtUp(s)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr().String()+"/v1/health/stream?mode=upi", nil)
	f.check(err)
	r.Header.Set("Authorization", "Bearer "+f.bearer)
	resp, err := http.DefaultClient.Do(r)
	f.check(err)
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		for lines.Scan() {
			if l := lines.Text(); l != "" && !strings.HasPrefix(l, ":") {
				return l
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return ""
	}
	// Where the follower begins is its own business: the first record that it sees says that it follows.
	following := make(chan struct{})
	go func() {
		for {
			select {
			case <-t.Context().Done():
				return
			case <-following:
				return
			default:
				f.client.ProduceSync(t.Context(), &kgo.Record{Topic: top.HealthStatus.Name, Key: []byte("upi/sbi"), Value: []byte(`{"n":0}`)})
			}
		}
	}()
	if l := next() + next(); l != `event: statusdata: {"n":0}` {
		t.Error(l)
	}
	close(following)
	for _, c := range []struct{ topic, want string }{
		{top.HealthWindows.Name, "event: window"}, {top.HealthCorrections.Name, "event: window"}, {top.HealthStatus.Name, "event: status"},
	} {
		value := `{"of":"` + c.topic + `"}`
		f.check(f.client.ProduceSync(t.Context(), &kgo.Record{Topic: c.topic, Key: []byte("upi/sbi/a"), Value: []byte(value)}).FirstErr())
		kind, data := next(), next()
		for data == `data: {"n":0}` {
			kind, data = next(), next()
		}
		if kind != c.want || data != "data: "+value {
			t.Errorf("%s: %s %s", c.topic, kind, data)
		}
	}
}
