package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
)

// mixed are payments that filters tell apart.
func mixed() []*payment.Facts {
	var out []*payment.Facts
	for i, x := range []string{"", "42", "42.0", "0042", "+42", "-42", "41", "43", "0.1", "0.10", ".1", "1.", "4e1", " 42", "true", "abc", "12345678901234567890", "12345678901234567891"} {
		f := &payment.Facts{
			TransactionID: fmt.Sprintf("txn_%d", i), UserID: fmt.Sprintf("u%d", i%3), AmountMinor: int64(100 + i), Currency: "INR",
			Mode: "upi", Instrument: "sbi", Gateway: payment.Unknown, Labels: payment.Labels{payment.Merchant: "swiggy"}, CreatedAt: instant.Milli(1_772_359_200_000 + int64(i)*1000),
		}
		if i > 0 {
			f.Attributes = []payment.Attribute{{Key: "x", Value: x}}
		}
		out = append(out, f)
	}
	return out
}

// Each field with each operator means the same to the oracle as to missions. What missions refuse nobody asks.
func TestFiltersMeanTheSame(t *testing.T) {
	values := map[string][]string{
		"transaction_id": {`"txn_3"`, `["txn_1","txn_1"]`, `"txn_1"`}, "user_id": {`"u1"`, `["u0","u2"]`}, "type": {`"payment"`, `"pay"`}, "status": {`"success"`, `["pending","success"]`},
		"amount": {`105`, `[103,107]`}, "currency": {`"INR"`}, "created_at": {`"2026-03-01T10:00:05Z"`, `1772359205000`, `["2026-03-01T10:00:02Z","2026-03-01T15:30:06+05:30"]`},
		"mode": {`"upi"`}, "instrument": {`"sbi"`, `"s"`}, "gateway": {`"razorpay"`}, "merchant": {`["swiggy","zomato"]`}, "category": {`"food"`},
		"attributes.x": {`42`, `"42"`, `[42,"abc"]`, `0.1`, `12345678901234567890`, `[-1,42]`, `true`, `"4"`, `-42`},
		"attributes.y": {`42`, `"42"`},
	}
	judged, passed := map[string]int{}, map[string]int{}
	for id, all := range values {
		for _, op := range mission.Operators() {
			for _, value := range append(slices.Clone(all), `true`, `false`) {
				ours, theirs, ok := both(t, id, string(op), value)
				for _, f := range mixed() {
					if !ok {
						break
					}
					judged[id+" "+string(op)]++
					if ours(f) != theirs(f) {
						t.Errorf("%s %s %s of %+v: the oracle says %v, missions say %v", id, op, value, f, ours(f), theirs(f))
					}
					if theirs(f) {
						passed[id+" "+string(op)]++
					}
				}
			}
		}
	}
	for _, what := range []string{
		"transaction_id prefix", "user_id ne", "type eq", "status in", "amount between", "currency eq", "created_at gte", "created_at between",
		"attributes.x eq", "attributes.x nin", "attributes.x between", "attributes.x lt", "attributes.x exists", "attributes.y exists", "gateway exists",
	} {
		if judged[what] == 0 || passed[what] == 0 || passed[what] == judged[what] && !slices.Contains([]string{"currency eq", "type eq", "status in"}, what) {
			t.Errorf("%s: %d judged, %d passed: nothing is told apart", what, judged[what], passed[what])
		}
	}
}

// both returns what a filter lets through by the oracle and by missions, and whether missions take it.
func both(t *testing.T, id, op, value string) (ours, theirs condition, ok bool) {
	t.Helper()
	text := fmt.Sprintf(`[{"id":"m","title":"M","currency":"INR","goal":{"metric":"count","target":1},"filters":[{"id":%q,"operator":%q,"values":%s}],
		"window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-02"},"reward":{"kind":"coins","amount":1},"status":"active"}]`, id, op, value)
	missions, err := missioncodec.ParseAll(strings.NewReader(text))
	if err != nil {
		return nil, nil, false
	}
	h := mission.NewHistory(missions[0], 0)
	plan, problems := mission.Compile(&h)
	if len(problems) > 0 {
		return nil, nil, false
	}
	var d Definition
	if err := json.Unmarshal(missioncodec.JSON(plan.Versions()[0].Mission()), &d); err != nil {
		t.Fatal(err)
	}
	_, first := d.Filters[0].compile()
	condition, err := d.Filters[0].compile() // a definition is asked many times
	if err := errors.Join(first, err); err != nil {
		t.Errorf("%s %s %s: %v", id, op, value, err)
		return nil, nil, false
	}
	return condition, func(f *payment.Facts) bool { return plan.Versions()[0].Judge(f) == mission.Counted }, true
}
