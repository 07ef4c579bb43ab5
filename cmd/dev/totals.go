package dev

import (
	"fmt"
	"math"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/millrace/millrace/views"
)

// totals are what the pipeline has done since it was started.
type totals struct {
	events, duplicates, deadLetters, windows int64
	money                                    map[string]views.BoardMoney
}

// read sums counters over their labels.
func readTotals(g prometheus.Gatherer) (totals, error) {
	families, err := g.Gather()
	if err != nil {
		return totals{}, err
	}
	t := totals{money: map[string]views.BoardMoney{}}
	for _, f := range families {
		switch f.GetName() {
		case "millrace_events_total":
			t.events += sum(f, "group", "intake")
		case "millrace_duplicates_total":
			t.duplicates += sum(f, "group", "ledger")
		case "millrace_dead_letters_total":
			t.deadLetters += sum(f, "", "")
		case "millrace_windows_closed_total":
			t.windows += sum(f, "", "")
		case "millrace_ledger_settled_minor_total":
			t.add(f, func(m *views.BoardMoney, n int64) { m.Settled += n })
		case "millrace_ledger_reversed_minor_total":
			t.add(f, func(m *views.BoardMoney, n int64) { m.Reversed += n })
		case "millrace_ledger_returned_minor_total":
			t.add(f, func(m *views.BoardMoney, n int64) { m.Reversed -= n })
		case "millrace_progress_received_minor_total":
			t.add(f, func(m *views.BoardMoney, n int64) { m.Received += n })
		}
	}
	for currency, m := range t.money {
		m.Difference = m.Settled - m.Reversed - m.Received
		t.money[currency] = m
	}
	return t, nil
}

// add takes in a metric by currency.
func (t *totals) add(f *dto.MetricFamily, into func(*views.BoardMoney, int64)) {
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "currency" {
				money := t.money[l.GetValue()]
				into(&money, int64(math.Round(m.GetCounter().GetValue()+m.GetGauge().GetValue())))
				t.money[l.GetValue()] = money
			}
		}
	}
}

// sum adds up a counter over all series, or over those whose label ends in value: group names carry the prefix.
func sum(f *dto.MetricFamily, label, value string) int64 {
	total := 0.0
	for _, m := range f.GetMetric() {
		match := label == ""
		for _, l := range m.GetLabel() {
			match = match || l.GetName() == label && strings.HasSuffix(l.GetValue(), value)
		}
		if match {
			total += m.GetCounter().GetValue()
		}
	}
	return int64(math.Round(total))
}

// count writes n with thousands separators.
func count(n int64) string {
	digits := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
