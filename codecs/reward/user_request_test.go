package reward

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/millrace/millrace/codecs/doc"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/reward"
)

// The segments of a user and those of an audience are compared as written here: both in NFC.
func TestSegmentsAreInNFC(t *testing.T) {
	const written, want = "cafe\u0301", "café"
	of, err := SegmentsRequest([]byte(`{"segments":["` + written + `"]}`))
	if err != nil || !slices.Equal(of, []string{want}) {
		t.Errorf("of a user: %q, %v", of, err)
	}
	r := &doc.Reader{}
	m := missioncodec.Read(r, "", map[string]any{"audience": map[string]any{"segments": []any{written}}})
	if !slices.Equal(m.Audience.Segments, []string{want}) || len(r.Problems) > 0 {
		t.Errorf("of an audience: %q, %v", m.Audience.Segments, r.Problems)
	}
}

// A spend is in whole coins, and says why; what it is not is refused with where.
func TestSpendRequest(t *testing.T) {
	c, err := SpendRequest([]byte(`{"amount":100,"reason":"a coffee","spend_id":"order-1"}`))
	if want := (reward.Command{Op: reward.Spend, Amount: 100, Reason: "a coffee", SpendID: "order-1"}); err != nil || !reflect.DeepEqual(*c, want) {
		t.Errorf("%+v, %v", c, err)
	}
	for body, want := range map[string]string{
		`{"amount":1.5,"reason":"r"}`:               "/amount",
		`{"amount":"100","reason":"r"}`:             "/amount",
		`{"amount":100,"reason":7}`:                 "/reason",
		`{"amount":100,"reason":"r","currency":""}`: "/currency",
		`{"amount":1,"reason":"r","spend_id":""}`:   "/spend_id",
		`[]`: "",
	} {
		var found problem.List
		if _, err := SpendRequest([]byte(body)); !errors.As(err, &found) || found[0].Pointer != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}
