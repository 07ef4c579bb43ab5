package page

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // time zones of missions

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/cmd/server"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/steadytest"
	"github.com/millrace/millrace/views/token"
)

var users = flag.Int("users", 2000, "users in the tables of BenchmarkUserMissions")

const (
	missions = 20
	// rate is in requests a second, of this many users, each with a token.
	rate, asking = 1000, 5000
	// Payments of the last day that users have: one in regularEvery has many, and those are the ones that ask.
	few, many, regularEvery = 3, 30, 100
	// early is how many users there are for each of those who ask before anything is measured.
	early = 250
)

// BenchmarkUserMissions asks a server for the mission page of users: all tables restored from their changelogs, in
// memory or on disk, all rows different.
//
//	go -C bench test -run '^$' -bench UserMissions -benchtime 20000x ./page -users 1000000
func BenchmarkUserMissions(b *testing.B) {
	d := newDeployment(b)
	d.fill(b, *users)
	disk, err := store.NewDisk(store.DiskConfig{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = disk.Close() }()
	for _, kind := range []struct {
		name   string
		stores store.Opener
	}{{"memory", store.Memory{}}, {"disk", disk}} {
		b.Run(kind.name, func(b *testing.B) {
			s, stop := d.serve(b, kind.stores)
			defer stop()
			target, client, bearers := "http://"+s.Addr().String()+"/v1/users/me/missions", steadytest.Client(), d.bearers(b)
			defer client.CloseIdleConnections()
			d.checkPage(b, client, target, bearers[0])
			for _, bearer := range bearers[asking:] { // while tables on disk still sort what they were given
				if err := steadytest.Read(b, client, target, bearer); err != nil {
					b.Fatal(err)
				}
			}
			b.Run("steady", func(b *testing.B) {
				steadytest.Ask(b, rate, func(i int) error { return steadytest.Read(b, client, target, bearers[i*7919%asking]) })
			})
		})
	}
}

// deployment is the topics of one, and who may ask.
type deployment struct {
	topo     *topology.Topology
	settings config.Config
	client   *kgo.Client
	signer   token.Signer
	missions *mission.Index
	began    time.Time
}

func newDeployment(b *testing.B) *deployment {
	b.Helper()
	broker := startBroker(b)
	d := &deployment{settings: config.Default(), missions: mission.NewIndex(), began: time.Now().Add(-12 * time.Hour).Truncate(time.Second)}
	d.settings.Brokers, d.settings.Replication, d.settings.Audit.Every = []string{broker}, 1, 0
	d.topo = topology.New(d.settings.Topology())
	var err error
	if d.client, err = kgo.NewClient(kgo.SeedBrokers(broker), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(50_000)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(d.client.Close)
	if _, err := cluster.Apply(b.Context(), cluster.NewAdmin(d.client), d.topo.Topics()); err != nil {
		b.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err == nil {
		d.signer, err = token.Private(private)
	}
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// fill writes the changelogs of catalog and progress as their groups do, and how much of their input these reflect.
func (d *deployment) fill(b *testing.B, users int) {
	b.Helper()
	for i := range missions {
		m := theMission(i, d.began)
		key := catalog.MissionKey(m.ID)
		row, e := catalog.Apply(nil, catalog.NewPut("c-"+m.ID, "bench", instant.Of(d.began), catalog.NewMission(m)), catalog.DefaultConfig())
		if e.Result != verdict.Applied {
			b.Fatal(e.Problems)
		}
		history, _ := row.Mission()
		if problems := d.missions.Put(key, &history); problems != nil {
			b.Fatal(problems)
		}
		value, err := d.topo.Catalog.Row.Encode(row)
		if err != nil {
			b.Fatal(err)
		}
		d.put(b, string(d.topo.Catalog.Table()), key, value)
	}
	const writers = 2
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			for i := w; i < users; i += writers {
				value, err := d.topo.Progress.Row.Encode(d.user(i))
				if err != nil {
					b.Error(err)
					return
				}
				d.put(b, string(d.topo.Progress.Table()), userID(i), value)
			}
		})
	}
	work.Wait()
	d.stamp(b, string(d.topo.Progress.Table()), d.topo.Postings.Name)
	d.stamp(b, string(d.topo.Catalog.Table()), d.topo.CatalogCommands.Name)
	if err := d.client.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// stamp says of each partition of a table how far its group's input was read.
func (d *deployment) stamp(b *testing.B, table, input string) {
	b.Helper()
	for p := range d.topo.Config.Partitions {
		r := &kgo.Record{Topic: table, Partition: p, Key: []byte(position.Key), Value: position.Position{input: 1_000_000}.Append(nil)}
		d.client.Produce(b.Context(), r, d.acked(b))
	}
}

func (d *deployment) put(b *testing.B, table, key string, value []byte) {
	p := stream.Partition([]byte(key), d.topo.Config.Partitions)
	d.client.Produce(b.Context(), &kgo.Record{Topic: table, Partition: p, Key: []byte(key), Value: value}, d.acked(b))
}

func (d *deployment) acked(b *testing.B) func(*kgo.Record, error) {
	return func(_ *kgo.Record, err error) {
		if err != nil {
			b.Error(err)
		}
	}
}

func userID(i int) string { return fmt.Sprintf("usr_%07d", i) }

// asker returns one of those who ask, all over the table.
func asker(n int) int {
	regulars := max(*users/regularEvery, 1)
	return n * 7919 % regulars * regularEvery
}

// user is the row of a user.
func (d *deployment) user(i int) *mission.UserRow {
	payments := few
	if i%regularEvery == 0 {
		payments = many
	}
	var row *mission.UserRow
	for n := range payments {
		p := payment.Facts{
			TransactionID: fmt.Sprintf("txn_%07d_%02d", i, n), UserID: userID(i), AmountMinor: int64(1000 + 37*n + i%5000), Currency: "INR", Mode: "upi",
			Instrument: "sbi", Gateway: "razorpay", Labels: payment.Labels{payment.Merchant: fmt.Sprint("shop", (n+i)%10), payment.Category: "food"},
			CreatedAt: instant.Of(d.began.Add(time.Duration(n)*20*time.Minute + time.Duration(i)*time.Millisecond)),
		}
		row, _ = mission.Apply(row, &ledger.Posting{Facts: p, Kind: ledger.PaymentSettled, Seq: 1, NetAfter: p.AmountMinor, At: p.CreatedAt},
			d.missions.Snapshot(), mission.DefaultConfig())
	}
	return row
}

// theMission is one that every user meets who pays at its shop.
func theMission(i int, began time.Time) mission.Mission {
	m := mission.Default()
	m.ID, m.Title, m.Currency, m.TimeZone, m.Status = fmt.Sprintf("mission-%02d", i), "Spend at a shop", "INR", "Asia/Kolkata", mission.Active
	m.Goal = mission.Goal{Metric: mission.MetricAmount, Target: int64(50_000 + i)}
	m.Filters = []mission.Filter{{ID: "merchant", Operator: mission.Eq, Values: []mission.Value{{Kind: mission.TextValue, Text: fmt.Sprint("shop", i%10)}}}}
	m.Window = mission.Window{Kind: mission.WindowFixed, From: began.AddDate(0, 0, -2).Format(time.DateOnly), To: began.AddDate(0, 0, 5).Format(time.DateOnly)}
	m.Reward = mission.Reward{Kind: mission.RewardCoins, Amount: 100}
	m.Limits.CompletionsPerUser = 3
	return m
}

// serve starts a server and returns once it has all tables.
func (d *deployment) serve(b *testing.B, stores store.Opener) (s *server.Server, stop func()) {
	b.Helper()
	verifier, err := token.NewVerifier(token.Config{Issuer: "iss", Audience: "aud", Keys: []token.Key{d.signer.Key}})
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	s, err = server.Start(server.Config{
		Settings: d.settings, Topology: d.topo, Listen: "127.0.0.1:0", Verifier: verifier, Stores: stores, Version: "bench", Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = s.Recovered(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d users restored in %s", *users, time.Since(began))
	return s, func() {
		if err := s.Stop(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	}
}

// bearers returns the tokens of those who ask, then of those who do so before.
func (d *deployment) bearers(b *testing.B) []string {
	b.Helper()
	minter, err := token.NewMinter(token.MinterConfig{Issuer: "iss", Audience: "aud", Signer: d.signer})
	if err != nil {
		b.Fatal(err)
	}
	bearers := make([]string, asking+*users/early)
	for i := range bearers {
		if bearers[i], err = minter.Mint(userID(asker(i)), []token.Role{token.User}, 0); err != nil {
			b.Fatal(err)
		}
	}
	return bearers
}

// checkPage fails unless a page is what is to be measured.
func (d *deployment) checkPage(b *testing.B, client *http.Client, target, bearer string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, target, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	var page struct {
		Items []struct {
			Enrolled bool  `json:"enrolled"`
			Progress int64 `json:"progress"`
		} `json:"items"`
	}
	if err = errors.Join(err, json.Unmarshal(body, &page)); err != nil {
		b.Fatal(err)
	}
	progress := int64(0)
	for _, item := range page.Items {
		progress += item.Progress
	}
	if len(page.Items) != missions || progress == 0 {
		b.Fatalf("%s: %s", resp.Status, body)
	}
}
