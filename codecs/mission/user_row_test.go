package mission_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/codecs/codectest"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/verdict"
)

func userRow() *mission.UserRow {
	facts := codectest.Facts()
	facts.UserID = ""
	return &mission.UserRow{
		Missions: 0xfeed,
		States: []*mission.State{
			{
				Mission: "m1", Version: 1, EnrolledAt: 1_772_359_200_000, Fixed: true, Horizon: mission.Mark{At: 5, TransactionID: "t0"},
				Late: []string{"a", "b"}, Cut: 1_772_359_100_000,
				Tallies: []*mission.Tally{{Start: 1_772_359_200_000, Settled: money.TotalOf(12550), Recent: money.TotalOf(550), Completions: 1}},
			},
			{
				Mission: "m2", Version: 2, EnrolledAt: 1_772_359_200_000, BeganAt: 1_772_359_300_000,
				Switches: []mission.Switch{{At: 1_772_359_200_000}, {At: 1_772_359_400_000, Out: true}},
				Tallies: []*mission.Tally{
					{Start: 5, Entries: []mission.Entry{{Day: 20454, Settled: 1}, {Day: 20455, Recent: 2}}},
					{Start: 6, Entries: []mission.Entry{{Value: "swiggy", Recent: 1}}},
				},
			},
		},
		Recent:   []*mission.Recent{{Facts: facts, Seq: 2, Net: 550}},
		Frontier: mission.Mark{At: 7},
		Old:      []mission.Seen{{TransactionID: "t0", Seq: 3}},
		Received: []mission.Received{{Currency: "INR", Net: money.Total{High: 1, Low: 2}}, {Currency: "USD", Net: money.TotalOf(-1)}},
		LastAt:   1_772_359_400_000,
		Segments: []mission.SegmentSet{{At: 1_772_359_200_000, Segments: []string{"new", "vip"}}, {At: 1_772_359_300_000}},
		Verdicts: verdict.List{{CommandID: "c1", Result: verdict.Applied, At: 1_772_359_200_000}},
		Audited:  3,
	}
}

func TestUserRowGolden(t *testing.T) {
	row := userRow()
	bare := *row.Recent[0]
	bare.TransactionID, bare.Attributes, bare.Labels[payment.Merchant], bare.Labels[payment.Category], bare.Seq, bare.Net = "t2", nil, "", "travel", 1, bare.AmountMinor
	bare.CreatedAt += 1500
	other := bare
	other.TransactionID, other.Currency = "t3", "USD"
	row.Recent = append(row.Recent, &bare, &other)
	b := codectest.RoundTrip(t, missioncodec.UserRow{}, row)
	codectest.Golden(t, "user_row", b)
}

func TestUserRowOfOtherVersions(t *testing.T) {
	b, err := missioncodec.UserRow{}.Encode(userRow())
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []byte{1, 2, 4} {
		b[0] = version
		if _, err := (missioncodec.UserRow{}).Decode(b); !errors.Is(err, wire.ErrVersion) {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

// An id cannot share more than there is, nor make a long one of a few bytes again and again.
func TestUserRowSharesIDs(t *testing.T) {
	long := strings.Repeat("x", 100)
	row := &mission.UserRow{States: []*mission.State{{Mission: "a"}, {Mission: "ab"}, {Mission: long}, {Mission: long + "y"}, {Mission: long + "z"}}}
	b := codectest.RoundTrip(t, missioncodec.UserRow{}, row)
	if n := bytes.Count(b, []byte("x")); n != 100+36+36 {
		t.Errorf("%d times x", n)
	}
	for _, shared := range []byte{2, 65, 255} {
		bad := bytes.Replace(b, []byte("\x01b"), []byte{shared, 'b'}, 1)
		if _, err := (missioncodec.UserRow{}).Decode(bad); !errors.Is(err, wire.ErrTruncated) {
			t.Errorf("%d shared of one: %v", shared, err)
		}
	}
	tail := strings.Repeat("x", 36) + "y"
	bad := bytes.Replace(b, []byte("\x40"+tail), []byte("\x41"+tail), 1)
	if _, err := (missioncodec.UserRow{}).Decode(bad); !errors.Is(err, wire.ErrTruncated) {
		t.Errorf("65 shared: %v", err)
	}
}

func TestTotalsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, math.MaxInt64, 1 << 63, math.MaxUint64})).Draw(t, "low")
		high := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, -1, 1, math.MinInt64, math.MaxInt64})).Draw(t, "high")
		total := money.Total{High: high, Low: low}
		tally := &mission.Tally{Settled: total, Recent: total}
		codectest.RoundTrip(t, missioncodec.UserRow{}, &mission.UserRow{
			Received: []mission.Received{{Currency: "INR", Net: total}},
			States:   []*mission.State{{Mission: "m", Tallies: []*mission.Tally{tally, tally}}},
		})
	})
}

func FuzzUserRow(f *testing.F) {
	b, _ := missioncodec.UserRow{}.Encode(userRow())
	f.Add(b)
	f.Add([]byte{1})
	text, _ := os.ReadFile(filepath.Join("testdata", "user_row.hex"))
	b, _ = hex.DecodeString(strings.TrimSpace(string(text)))
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		row, err := missioncodec.UserRow{}.Decode(b)
		if err != nil {
			return
		}
		codectest.RoundTrip(t, missioncodec.UserRow{}, row)
	})
}
