package mission_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/mission"
)

// A standing is the row without what it remembers, and shows the same missions.
func TestStandingsShowWhatRowsDo(t *testing.T) {
	missions, cfg := shopMissions(t, 12), mission.Config{ReorderHorizon: 3 * time.Hour, MaxRecent: 6, MaxLate: 2, MaxOld: 4}
	rapid.Check(t, func(t *rapid.T) {
		var row *mission.UserRow
		at := began()
		for i := range rapid.IntRange(1, 30).Draw(t, "payments") {
			at = at.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
			shop := fmt.Sprintf("shop-%04d", rapid.IntRange(0, 12).Draw(t, "shop"))
			if rapid.IntRange(0, 5).Draw(t, "enrols") == 0 {
				row, _ = mission.ApplyEnrolment(row, &mission.Enrolment{ID: fmt.Sprint("c", i), UserID: "u1", Mission: shop, Op: mission.Enrol, At: at}, missions, cfg)
			}
			row, _ = mission.Apply(row, paid(fmt.Sprint("t", i), shop, at), missions, cfg)
		}
		raw, _ := missioncodec.UserRow{}.Encode(row)
		got, err := missioncodec.UserRow{}.DecodeStanding(raw)
		if err != nil {
			t.Fatal(err)
		}
		want := decodedRow(t, raw)
		want.Recent, want.Old = nil, nil
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		show := func(row *mission.UserRow) []string {
			var lines []string
			for _, v := range mission.Views(row, "u1", missions, at, cfg) {
				lines = append(lines, fmt.Sprint(v.Mission.ID(), v.Enrolled, v.EnrolledAt, v.Start, v.End, v.Progress, v.Completions))
			}
			return lines
		}
		if d := cmp.Diff(show(row), show(got)); d != "" || row.Missions != missions.Fingerprint() {
			t.Fatal(d)
		}
	})
}

// What is no row is none without payments either; only in these may there be anything.
func FuzzStanding(f *testing.F) {
	raw, _ := missioncodec.UserRow{}.Encode(userRow())
	f.Add(raw)
	f.Add(raw[:len(raw)-3])
	f.Add([]byte{2, 0x12, 0xff})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		whole, wrong := missioncodec.UserRow{}.Decode(raw)
		got, err := missioncodec.UserRow{}.DecodeStanding(raw)
		if wrong == nil && err != nil {
			t.Fatalf("%v, but the whole row can be read", err)
		}
		if wrong == nil {
			whole.Recent, whole.Old = nil, nil
			if d := cmp.Diff(whole, got); d != "" {
				t.Fatal(d)
			}
		}
	})
}
