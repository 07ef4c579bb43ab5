package metric

import (
	"maps"
	"math/big"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Money is money by currency, in minor units, as a counter with the label currency. It adds up whole numbers of any
// size: floats lose paise above 2^53, and what they lost stays lost when the money is taken back. Only what is shown is
// a float, the nearest one. Money is safe for concurrent use.
type Money struct {
	desc  *prometheus.Desc
	mutex sync.Mutex
	sums  map[string]*big.Int
}

// NewMoneyCounter returns money that only grows.
func NewMoneyCounter(name, help string) *Money {
	return &Money{desc: prometheus.NewDesc(name, help, []string{"currency"}, nil), sums: map[string]*big.Int{}}
}

// Add adds n minor units of a currency; n must not be negative.
func (m *Money) Add(currency string, n int64) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	sum := m.sums[currency]
	if sum == nil {
		sum = new(big.Int)
		m.sums[currency] = sum
	}
	sum.Add(sum, big.NewInt(n))
}

// Describe implements prometheus.Collector.
func (m *Money) Describe(to chan<- *prometheus.Desc) { to <- m.desc }

// Collect implements prometheus.Collector.
func (m *Money) Collect(to chan<- prometheus.Metric) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, currency := range slices.Sorted(maps.Keys(m.sums)) {
		value, _ := m.sums[currency].Float64()
		to <- prometheus.MustNewConstMetric(m.desc, prometheus.CounterValue, value, currency)
	}
}
