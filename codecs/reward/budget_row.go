package reward

import (
	"encoding/binary"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
)

const budgetRowVersion = 1

// BudgetRow is the codec of the budget table.
type BudgetRow struct{}

// Encode returns row in binary; it never fails.
func (BudgetRow) Encode(row *budget.Row) ([]byte, error) {
	return wire.Encode(wire.Writing(budgetRowVersion, 128), row, budgetFields)
}

// Decode reads what Encode wrote.
func (BudgetRow) Decode(b []byte) (*budget.Row, error) {
	return wire.Decode(wire.Reading(b, budgetRowVersion), "budget row", budgetFields)
}

func budgetFields(f *wire.Fields, row *budget.Row) {
	for m := range wire.Pointer(f, 1, &row.Mission) {
		missionBudgetFields(f, m)
	}
	for p := range wire.Pointer(f, 2, &row.Pool) {
		f.Int(1, &p.Stocked)
		f.Int(2, &p.Drawn)
		f.Int(3, &p.Returned)
		f.Int(4, &p.Duplicates)
		f.Int(5, &p.Missed)
	}
	for s := range wire.Pointer(f, 3, &row.Shelf) {
		f.Texts(1, &s.Codes)
	}
	for k := range wire.Pointer(f, 4, &row.Known) {
		knownFields(f, k)
	}
}

func missionBudgetFields(f *wire.Fields, m *budget.Mission) {
	f.Int(1, &m.Version)
	for range wire.Value(f, 2, &m.Limits) {
		limitsFields(f, &m.Limits)
	}
	for a := range wire.Each(f, 3, &m.Accounts) {
		f.Text(1, &a.Unit)
		f.Int(2, &a.Reserved)
		f.Int(3, &a.Spent)
		f.Int(4, &a.Returned)
	}
	f.Int(4, &m.Winners)
	f.Int(5, &m.Exhausted)
}

func limitsFields(f *wire.Fields, l *mission.Limits) {
	f.Int(1, &l.CompletionsPerUser)
	f.Int(2, &l.MaxWinners)
	f.Int(3, &l.Budget)
	f.Text(4, &l.OverBudget)
}

// knownFields is one field with eight bytes for each hash.
func knownFields(f *wire.Fields, k *budget.Known) {
	var packed []byte
	if f.Writes() {
		packed = make([]byte, 0, 8*len(k.Hashes))
		for _, h := range k.Hashes {
			packed = binary.BigEndian.AppendUint64(packed, h)
		}
	}
	if f.Packed(1, &packed) {
		for ; len(packed) >= 8; packed = packed[8:] {
			k.Hashes = append(k.Hashes, binary.BigEndian.Uint64(packed))
		}
	}
}
