package deadletter

import (
	"reflect"
	"testing"

	"github.com/millrace/millrace/domain/payment"
)

func letter(group string, reason payment.Reason, offset int64) Letter {
	return Letter{Group: group, Reason: reason, Partition: 1, Offset: offset}
}

func TestFile(t *testing.T) {
	first := letter("ledger", payment.OverReversal, 5)
	row := File(nil, first)
	if row.State != Open || row.State.String() != "open" || !reflect.DeepEqual(row.Letter, first) || row.Earlier != nil {
		t.Fatalf("%+v", row)
	}
	for _, offset := range []int64{5, 4} {
		if File(row, letter("health", payment.TooOld, offset)) != row {
			t.Errorf("offset %d, read again, changed the row", offset)
		}
	}
	repeated := File(row, letter("ledger", payment.OverReversal, 6))
	if repeated.Offset != 6 || repeated.Earlier != nil || row.Offset != 5 {
		t.Errorf("repeated: %+v", repeated)
	}
	other := File(repeated, letter("health", payment.LateBeyondHorizon, 7))
	if other.Group != "health" || len(other.Earlier) != 1 || other.Earlier[0].Offset != 6 || repeated.Earlier != nil {
		t.Errorf("other: %+v", other)
	}
	back := File(other, letter("ledger", payment.OverReversal, 8))
	if back.Group != "ledger" || len(back.Earlier) != 1 || back.Earlier[0].Group != "health" || other.Earlier[0].Offset != 6 {
		t.Errorf("back: %+v", back)
	}
}

func TestFileIsBounded(t *testing.T) {
	var row *Row
	for i := range 40 {
		row = File(row, letter(string(rune('A'+i)), payment.Malformed, int64(i+1)))
	}
	if len(row.Earlier) != earlierLimit || row.Earlier[earlierLimit-1].Offset != 39 || !reflect.DeepEqual(row.Earlier[0], letter(string(rune('A'+23)), payment.Malformed, 24)) {
		t.Errorf("%d earlier, from %+v", len(row.Earlier), row.Earlier[0])
	}
}
