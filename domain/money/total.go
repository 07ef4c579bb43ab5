package money

import (
	"math"
	"math/big"
	"math/bits"
)

// Total is a sum of int64 amounts in 128 bits: no sum of a user's payments overflows it, so the order of additions
// never shows. The zero value is 0.
type Total struct {
	High int64
	Low  uint64
}

// TotalOf returns n as a Total.
func TotalOf(n int64) Total { return Total{High: n >> 63, Low: uint64(n)} }

// Plus returns t + u.
func (t Total) Plus(u Total) Total {
	low, carry := bits.Add64(t.Low, u.Low, 0)
	high, _ := bits.Add64(uint64(t.High), uint64(u.High), carry)
	return Total{High: int64(high), Low: low}
}

// Minus returns t - u.
func (t Total) Minus(u Total) Total {
	low, borrow := bits.Sub64(t.Low, u.Low, 0)
	high, _ := bits.Sub64(uint64(t.High), uint64(u.High), borrow)
	return Total{High: int64(high), Low: low}
}

// Add returns t + n.
func (t Total) Add(n int64) Total { return t.Plus(TotalOf(n)) }

// Big returns t.
func (t Total) Big() *big.Int {
	n := new(big.Int).Lsh(big.NewInt(t.High), 64)
	return n.Add(n, new(big.Int).SetUint64(t.Low))
}

// Int64 returns t, cut to the range of int64.
func (t Total) Int64() int64 {
	switch {
	case t.High == 0 && t.Low <= math.MaxInt64:
		return int64(t.Low)
	case t.High == -1 && t.Low > math.MaxInt64:
		return int64(t.Low)
	case t.High < 0:
		return math.MinInt64
	default:
		return math.MaxInt64
	}
}

// Divide returns floor(t / n) for n > 0, cut to the range of int64; 0 where t is negative.
func (t Total) Divide(n int64) int64 {
	if t.High < 0 || n <= 0 {
		return 0
	}
	if uint64(t.High) >= uint64(n) {
		return math.MaxInt64
	}
	quotient, _ := bits.Div64(uint64(t.High), t.Low, uint64(n))
	return int64(min(quotient, math.MaxInt64))
}
