package deadletter

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/topology"
)

// TestLetterIndexAgainstAModel compares every filter's order with a sort of everything.
func TestLetterIndexAgainstAModel(t *testing.T) {
	codec := topology.New(topology.DefaultConfig()).DeadLetters.Row
	rapid.Check(t, func(rt *rapid.T) {
		x := NewIndex(codec, func(id string, _ []byte, err error) { rt.Error(id, err) })
		model := map[string]letterPlace{}
		for range rapid.IntRange(0, 40).Draw(rt, "writes") {
			id := fmt.Sprint(rapid.IntRange(0, 9).Draw(rt, "id"))
			if rapid.IntRange(0, 4).Draw(rt, "delete") == 0 {
				x.Update(id, nil)
				delete(model, id)
				continue
			}
			reason := rapid.SampledFrom([]payment.Reason{payment.Malformed, payment.TooOld}).Draw(rt, "reason")
			group := rapid.SampledFrom([]string{"intake", "ledger"}).Draw(rt, "group")
			at := instant.Milli(1_772_359_200_000 + 1000*rapid.Int64Range(0, 5).Draw(rt, "at"))
			value, err := codec.Encode(deadletter.File(nil, deadletter.Letter{
				Reason: reason, Detail: "bad", Group: group, Source: payment.Origin{Topic: "payments", Partition: 3, Offset: 42}, At: at, SizeBytes: 1,
			}))
			if err != nil {
				rt.Fatal(err)
			}
			x.Update(id, value)
			model[id] = letterPlace{letterKey: letterKey{at, id}, letterFilter: letterFilter{string(reason), group, "open"}}
		}
		want := letterFilter{rapid.SampledFrom([]string{"", "malformed", "too_old"}).Draw(rt, "want reason"), rapid.SampledFrom([]string{"", "ledger"}).Draw(rt, "want group"), rapid.SampledFrom([]string{"", "open", "replayed"}).Draw(rt, "want state")}
		var keys []letterKey
		for _, p := range model {
			if (want.reason == "" || want.reason == p.reason) && (want.group == "" || want.group == p.group) && (want.state == "" || want.state == p.state) {
				keys = append(keys, p.letterKey)
			}
		}
		slices.SortFunc(keys, func(a, b letterKey) int {
			if newer(a, b) {
				return -1
			}
			return 1
		})
		n := rapid.IntRange(1, 4).Draw(rt, "limit")
		var got []letterKey
		for after := (letterKey{}); ; {
			page := x.page(want, after, n)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = page[len(page)-1]
		}
		if !slices.Equal(keys, got) {
			rt.Fatalf("want %v, got %v", keys, got)
		}
		x.mu.RLock()
		defer x.mu.RUnlock()
		for filter, tree := range x.ordered {
			if tree.Len() == 0 {
				rt.Fatalf("an empty tree stays for %v", filter)
			}
		}
	})
}
