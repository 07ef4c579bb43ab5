package ledger_test

import (
	"testing"

	"github.com/millrace/millrace/domain/ledger"
)

// applyBudget is how often Apply may allocate for a settling payment whose row is known, and for its reversal: the row,
// three slices, the effects and what they point to.
const applyBudget = 14

func TestApplyAllocations(tt *testing.T) {
	pendingRow, _ := applyAll(nil, pay("p", pending, 100, 1))
	settle := pay("s", success, 100, 10)
	settledRow, _ := applyAll(pendingRow, settle)
	reversal := rev("r", "r", success, 30, 20)
	cfg := ledger.DefaultConfig()
	if n := testing.AllocsPerRun(100, func() { ledger.Apply(pendingRow, settle, 0, cfg) }); n > applyBudget {
		tt.Errorf("settling allocates %.0f times, budget %d", n, applyBudget)
	}
	if n := testing.AllocsPerRun(100, func() { ledger.Apply(settledRow, reversal, 0, cfg) }); n > applyBudget {
		tt.Errorf("reversing allocates %.0f times, budget %d", n, applyBudget)
	}
}

func BenchmarkApply(b *testing.B) {
	row, _ := applyAll(nil, pay("p", pending, 100, 1))
	e := pay("s", success, 100, 10)
	cfg := ledger.DefaultConfig()
	b.ReportAllocs()
	for b.Loop() {
		ledger.Apply(row, e, 0, cfg)
	}
}
