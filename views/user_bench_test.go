package views

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/views/token"
)

// BenchmarkUserMissions asks a server over loopback at 1,000 requests a second for the mission page of users: 20 missions, 1,000,000
// users in the table with 30 payments of the last day each. Latency counts from when a request was due.
func BenchmarkUserMissions(b *testing.B) {
	const rate, clients, users, asking = 1000, 64, 1_000_000, 5_000
	f := newFixture(b)
	missions := f.putMissionPage(20)
	f.putUsers(users, missions)
	s := httptest.NewServer(f.handler)
	defer s.Close()
	bearers := make([]string, asking)
	for i := range bearers {
		bearers[i] = f.token(benchUser(i*(users/asking)), token.User)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	if got := f.object(f.ask("GET", "/v1/users/me/missions", bearers[0]).Body.Bytes()); len(got["items"].([]any)) != 20 {
		b.Fatalf("%d missions", len(got["items"].([]any)))
	}
	steady(b, rate, clients, func(i int) error { return read(b, client, s.URL+"/v1/users/me/missions", bearers[i*7919%asking]) })
}

func benchUser(i int) string { return fmt.Sprintf("usr_%07d", i) }

// putMissionPage stores missions of several shops, and returns them compiled.
func (f *fixture) putMissionPage(n int) *mission.Snapshot {
	for i := range n {
		m := swiggy()
		m.ID, m.Limits.CompletionsPerUser = fmt.Sprintf("mission-%02d", i), 3
		m.Filters[0].Values[0].Text = fmt.Sprint("shop", i%10)
		m.Goal.Target = int64(50000 + i)
		f.putMission(m)
	}
	return f.indexes.missions.snapshot()
}

// putUsers stores users of some kinds, each with payments that count for missions.
func (f *fixture) putUsers(n int, missions *mission.Snapshot) {
	const kinds, payments = 64, 30
	rows := make([][]byte, kinds)
	for k := range rows {
		var row *mission.UserRow
		for i := range payments {
			p := payment.Facts{
				TransactionID: fmt.Sprintf("txn_%02d_%02d", k, i), UserID: "u", AmountMinor: int64(1000 + 37*i + k), Currency: "INR", Mode: "upi", Instrument: "sbi",
				Gateway: "razorpay", Merchant: fmt.Sprint("shop", (i+k)%10), Category: "food", CreatedAt: at(time.Duration(i) * 20 * time.Minute),
			}
			row, _ = mission.Apply(row, &ledger.Posting{Facts: p, Kind: ledger.PaymentSettled, Seq: 1, NetAfter: p.AmountMinor, At: p.CreatedAt}, missions, mission.DefaultConfig())
		}
		value, err := f.topology.Progress.Row.Encode(row)
		f.check(err)
		rows[k] = value
	}
	f.tables.progress.set(func() {
		for i := range n {
			f.tables.progress.rows.Set(benchUser(i), rows[i%kinds])
		}
	})
}
