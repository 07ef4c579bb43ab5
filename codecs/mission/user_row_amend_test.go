package mission_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
)

// shopMissions are active ones, of one shop each, of all goals and windows; every fifth is opted in to.
func shopMissions(t interface{ Fatal(...any) }, n int) *mission.Snapshot {
	goals := []mission.Goal{
		{Metric: mission.MetricAmount, Target: 50_000}, {Metric: mission.MetricCount, Target: 3},
		{Metric: mission.MetricStreak, Target: 1}, {Metric: mission.MetricDistinct, Field: "category", Target: 2},
	}
	windows := []mission.Window{
		{Kind: mission.WindowFixed, From: "2026-03-01", To: "2026-04-01"}, {Kind: mission.WindowRecurring, Every: mission.EveryDay},
		{Kind: mission.WindowPerUser, Duration: 72 * time.Hour},
	}
	x := mission.NewIndex()
	for i := range n {
		m := mission.Default()
		m.ID, m.Currency, m.Status, m.TimeZone = fmt.Sprintf("shop-%04d", i), "INR", mission.Active, "Asia/Kolkata"
		m.Goal, m.Window = goals[i%len(goals)], windows[i%len(windows)]
		m.Reward = mission.Reward{Kind: mission.RewardCoins, Amount: 5}
		m.Filters = []mission.Filter{{ID: "merchant", Operator: mission.Eq, Values: []mission.Value{{Kind: mission.TextValue, Text: m.ID}}}}
		if i%5 == 4 {
			m.Enrolment = mission.OptIn
		}
		h := mission.NewHistory(m, 1)
		if problems := x.Put(m.ID, &h); problems != nil {
			t.Fatal(problems)
		}
	}
	return x.Snapshot()
}

func began() instant.Milli { return instant.Of(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)) }

func paid(id, shop string, at instant.Milli) *ledger.Posting {
	return &ledger.Posting{Kind: ledger.PaymentSettled, EventID: "e", Seq: 1, NetAfter: 12_550, At: at, Facts: payment.Facts{
		TransactionID: id, UserID: "u1", AmountMinor: 12_550, Currency: "INR", Mode: "upi", Instrument: "sbi", Gateway: "razorpay",
		Labels: payment.Labels{payment.Merchant: shop, payment.Category: "food"}, CreatedAt: at,
	}}
}

// A row has the same bytes whatever way it came by: amended from those of any row before it, or encoded whole, as after
// a restart.
func TestAmendedUserRowsAreAsEncoded(t *testing.T) {
	const shops = 12
	missions, fewer := shopMissions(t, shops), shopMissions(t, shops/2)
	cfg := mission.Config{ReorderHorizon: 3 * time.Hour, MaxRecent: 6, MaxLate: 2, MaxOld: 4}
	rapid.Check(t, func(t *rapid.T) {
		var row, before *mission.UserRow
		var raw []byte
		at := began()
		sent := []*ledger.Posting{}
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "minutes")) * time.Minute)
			shop := fmt.Sprintf("shop-%04d", rapid.IntRange(0, shops).Draw(t, "shop"))
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				row, _ = mission.ApplyEnrolment(row, &mission.Enrolment{ID: fmt.Sprint("c", i), UserID: "u1", Mission: shop, Op: mission.Enrol, At: at}, missions, cfg)
			case 1:
				row, _ = mission.ApplySegments(row, &mission.Segments{ID: fmt.Sprint("c", i), UserID: "u1", Segments: []string{shop}, At: at}, missions, cfg)
			case 2:
				row = mission.Touch(row, "u1", fewer, cfg)
			case 3:
				if len(sent) > 0 {
					p := *rapid.SampledFrom(sent).Draw(t, "reversed")
					p.Kind, p.Seq, p.NetBefore, p.NetAfter, p.At = ledger.PaymentReversed, 2, p.NetAfter, 0, at
					row, _ = mission.Apply(row, &p, missions, cfg)
				}
			default:
				p := paid(fmt.Sprint("t", i), shop, at)
				p.CreatedAt = at.Add(-time.Duration(rapid.IntRange(0, 300).Draw(t, "minutes ago")) * time.Minute)
				sent = append(sent, p)
				row, _ = mission.Apply(row, p, missions, cfg)
			}
			if row == nil || rapid.IntRange(0, 2).Draw(t, "commits") == 0 {
				continue
			}
			whole, _ := missioncodec.UserRow{}.Encode(row)
			if before != nil {
				if got, _ := (missioncodec.UserRow{}).EncodeAfter(row, before, raw); !bytes.Equal(got, whole) {
					t.Fatalf("after step %d\n%x amended, not\n%x", i, got, whole)
				}
			}
			if rapid.IntRange(0, 5).Draw(t, "restarts") == 0 {
				row = decodedRow(t, whole)
			}
			before, raw = row, whole
		}
	})
}

func decodedRow(t interface{ Fatal(...any) }, raw []byte) *mission.UserRow {
	row, err := missioncodec.UserRow{}.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// What did not change is copied: here it is told apart by bytes that the codec would not write.
func TestAmendedUserRowsAreCopied(t *testing.T) {
	states := func(ids ...string) (out []*mission.State) {
		for _, id := range ids {
			out = append(out, &mission.State{Mission: id})
		}
		return out
	}
	payments := func(ids ...string) (out []*mission.Recent) {
		for i, id := range ids {
			out = append(out, &mission.Recent{Facts: payment.Facts{TransactionID: id, CreatedAt: instant.Milli(i)}})
		}
		return out
	}
	before := &mission.UserRow{
		States: states("alpha", "bravo", "charlie", "delta", "foxtrot"), Recent: payments("one", "two", "three", "four"),
		Old: []mission.Seen{{TransactionID: "first"}, {TransactionID: "second"}},
	}
	raw, _ := missioncodec.UserRow{}.Encode(before)
	row := *before
	row.States = append(states("able", "baker"), before.States...)
	row.States[4] = states("charlie")[0]
	row.Recent = append(before.Recent[1:2:2], before.Recent[3], payments("five")[0])
	row.Old = append(before.Old[1:2:2], mission.Seen{TransactionID: "one"})
	got, _ := missioncodec.UserRow{}.EncodeAfter(&row, before, bytes.ToUpper(raw))
	for text, copied := range map[string]bool{
		"alpha": false, "bravo": true, "charlie": false, "delta": true, "foxtrot": true, // alpha was the first
		"two": false, "four": false, "five": false, // two was after one, four after three
		"second": true, "one": false,
	} {
		is, was := bytes.Contains(got, []byte(strings.ToUpper(text))), bytes.Contains(got, []byte(text[1:]))
		if is != copied || was == copied {
			t.Errorf("%s: copied %t, written %t", text, is, was)
		}
	}
	row = *before
	row.Recent = append(before.Recent[:3:3], payments("five")[0])
	if got, _ = (missioncodec.UserRow{}).EncodeAfter(&row, before, bytes.ToUpper(raw)); !bytes.Contains(got, []byte("THREE")) || !bytes.Contains(got, []byte("five")) {
		t.Errorf("payments: %q", got)
	}
}

// Bytes that are not the row's are misused, but never read beyond.
func FuzzAmendUserRow(f *testing.F) {
	raw, _ := missioncodec.UserRow{}.Encode(userRow())
	f.Add(raw, uint8(0))
	f.Add(raw[:len(raw)/2], uint8(1))
	f.Add([]byte{}, uint8(2))
	f.Add([]byte{2, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, uint8(3))
	f.Fuzz(func(t *testing.T, raw []byte, changes uint8) {
		before := userRow()
		row := *before
		row.States = append([]*mission.State{{Mission: "a"}}, before.States[changes%2:]...)
		row.Old = before.Old[changes%2:]
		if got, err := (missioncodec.UserRow{}).EncodeAfter(&row, before, raw); err != nil || len(got) == 0 {
			t.Fatal(err)
		}
	})
}

// crowdedRow is of a user who paid in so many shops, and 64 times within the last day.
func crowdedRow(missions *mission.Snapshot, states int) *mission.UserRow {
	var row *mission.UserRow
	for i := range states + 64 {
		at := began()
		if i >= states {
			at = at.Add(30*time.Hour + time.Duration(i)*time.Minute)
		}
		row, _ = mission.Apply(row, paid(fmt.Sprintf("txn-%06d", i), fmt.Sprintf("shop-%04d", i%states), at), missions, mission.DefaultConfig())
	}
	return row
}

func BenchmarkUserRow(b *testing.B) {
	for _, states := range []int{10, 100, 500} {
		missions := shopMissions(b, states*5/4) // one in five is opted in to
		before := crowdedRow(missions, states*5/4)
		raw, _ := missioncodec.UserRow{}.Encode(before)
		row, _ := mission.Apply(before, paid("next", "shop-0005", began().Add(40*time.Hour)), missions, mission.DefaultConfig())
		for _, x := range []struct {
			name string
			run  func() error
		}{
			{"encode", func() error { _, err := missioncodec.UserRow{}.Encode(row); return err }},
			{"amend", func() error { _, err := missioncodec.UserRow{}.EncodeAfter(row, before, raw); return err }},
			{"decode", func() error { _, err := missioncodec.UserRow{}.Decode(raw); return err }},
		} {
			b.Run(fmt.Sprintf("states=%d/%s", len(row.States), x.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := x.run(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(raw)), "B/row")
			})
		}
	}
}
