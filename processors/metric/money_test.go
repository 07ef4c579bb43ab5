package metric_test

import (
	"math"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/processors/metric"
)

func value(t interface{ Fatal(...any) }, m *metric.Money, currency string) *dto.Metric {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(m)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, one := range f.GetMetric() {
			if one.GetLabel()[0].GetValue() == currency {
				return one
			}
		}
	}
	return nil
}

// Above 2^53 a float that is added to loses paise; only what is shown is one.
func TestMoneyDoesNotDrift(t *testing.T) {
	m := metric.NewMoneyCounter("received", "Help.")
	for _, n := range []int64{1 << 53, 1, 1, 1, 1} {
		m.Add("INR", n)
	}
	if got := value(t, m, "INR").GetCounter().GetValue(); got != 1<<53+4 {
		t.Errorf("%v", got)
	}
}

// Beyond int64 and uint64 a counter goes on, as near as a float can be.
func TestMoneyDoesNotWrap(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		m, want := metric.NewMoneyCounter("settled", "Help."), 0.0
		last := -1.0
		for range rapid.IntRange(1, 60).Draw(t, "times") {
			n := rapid.OneOf(rapid.Int64Range(0, 1<<50), rapid.Just(int64(math.MaxInt64))).Draw(t, "amount")
			m.Add("INR", n)
			want += float64(n)
			got := value(t, m, "INR").GetCounter().GetValue()
			if got < last || math.Abs(got-want) > want/1e12 {
				t.Fatalf("%v after %v, want about %v", got, last, want)
			}
			last = got
		}
	})
}

func TestMoneyRegistersOnce(t *testing.T) {
	r := prometheus.NewRegistry()
	for range 2 {
		metric.Register(r, metric.NewMoneyCounter("settled_minor_total", "Help.")).Add("INR", 5)
	}
	metric.Register(nil, metric.NewMoneyCounter("other", "Help.")).Add("INR", 5)
	families, err := r.Gather()
	if err != nil || len(families) != 1 || families[0].GetMetric()[0].GetCounter().GetValue() != 10 || !strings.HasPrefix(families[0].GetHelp(), "Help") {
		t.Error(families, err)
	}
}
