package health

import (
	"fmt"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/ledger"
)

// One window of a mode with 50 banks behind 3 gateways each: 150 scores and an evaluation.
func BenchmarkEvaluate(b *testing.B) {
	s := DefaultSettings()
	s.Probing = true
	var row *ModeRow
	for n := range b.N {
		end := at("0m").Add(time.Duration(n+1) * time.Minute)
		for i := range 150 {
			good := int64(97)
			if i%30 == n/20%30 {
				good = 20
			}
			row, _ = row.ObserveScore(s, &Score{
				Path: Path{"upi", fmt.Sprintf("bank%d", i/3), fmt.Sprintf("gateway%d", i%3)}, WindowEnd: end,
				Window: Counts{ledger.Succeeded: good, ledger.FailedTechnical: 100 - good}, Pool: Pool{good * unit, 100 * unit, 100, 100},
			}, end)
		}
		row, _ = row.AdvanceTo(s, end.Add(s.Grace))
	}
}
