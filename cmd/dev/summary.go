package dev

import (
	"context"
	"math/big"
	"slices"
	"strings"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/server"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/topology"
)

// differences returns what is amiss by currency, once nothing is in flight: rows against what their tables say of them,
// and what was posted against what users have received. What has expired is no part of it (ADR 21).
func differences(ctx context.Context, t *topology.Topology, tables *server.Tables) (map[string]*big.Int, error) {
	sums, err := audit.Accounts(ctx, t, tables.Of(t.Ledger.Name), tables.Of(t.Progress.Name))
	if err != nil {
		return nil, err
	}
	for currency, m := range readTotals(t, tables).money {
		if lost := new(big.Int).Abs(big.NewInt(m.InFlight)); sums[currency] == nil || lost.Cmp(sums[currency]) > 0 {
			sums[currency] = lost
		}
	}
	return sums, nil
}

// describe writes "0.00" if every difference is zero, else those that are not.
func describe(differences map[string]*big.Int) string {
	var out []string
	for currency, d := range differences {
		if d.Sign() != 0 {
			out = append(out, payment.FormatMoney(small(d), currency))
		}
	}
	if len(out) == 0 {
		return "0.00"
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
