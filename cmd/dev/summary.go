package dev

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/cmd/server"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/topology"
)

// differences adds up every row of the ledger, less every row of progress, by currency. The result is exact when nothing
// is in flight; promise 4 says that it is zero then.
func differences(t *topology.Topology, tables *server.Tables) (map[string]money.Total, error) {
	sums := map[string]money.Total{}
	var failed error
	ledger := tables.Ledger.Ascend("", func(key string, value []byte) bool {
		row, err := t.Ledger.Row.Decode(value)
		if err != nil {
			failed = fmt.Errorf("ledger row %s: %w", key, err)
			return false
		}
		if net := row.Net(); net != 0 {
			sums[row.Currency()] = sums[row.Currency()].Add(net)
		}
		return true
	})
	progress := tables.Progress.Ascend("", func(key string, value []byte) bool {
		row, err := t.Progress.Row.Decode(value)
		if err != nil {
			failed = fmt.Errorf("progress row %s: %w", key, err)
			return false
		}
		for _, r := range row.Received {
			sums[r.Currency] = sums[r.Currency].Minus(r.Net)
		}
		return true
	})
	return sums, errors.Join(failed, ledger, progress)
}

// describe writes "0.00" if every difference is zero, else those that are not.
func describe(differences map[string]money.Total) string {
	var out []string
	for currency, d := range differences {
		if d != (money.Total{}) {
			out = append(out, mission.FormatMoney(d.Int64(), currency))
		}
	}
	if len(out) == 0 {
		return "0.00"
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
