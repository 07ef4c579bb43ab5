package mission

import (
	"math"
	"math/big"

	"pgregory.net/rapid"
)

// compareBig checks sum and its quotients against arbitrary precision.
func compareBig(t *rapid.T, sum Total, parts []int64) {
	exact := new(big.Int)
	for _, p := range parts {
		exact.Add(exact, big.NewInt(p))
	}
	clamp := func(x *big.Int) int64 {
		switch {
		case x.IsInt64():
			return x.Int64()
		case x.Sign() < 0:
			return math.MinInt64
		default:
			return math.MaxInt64
		}
	}
	if got, want := sum.Int64(), clamp(exact); got != want {
		t.Fatalf("sum %d, want %d", got, want)
	}
	by := rapid.Int64Range(1, math.MaxInt64).Draw(t, "by")
	want := int64(0)
	if exact.Sign() >= 0 {
		want = clamp(new(big.Int).Div(exact, big.NewInt(by)))
	}
	if got := sum.Divide(by); got != want {
		t.Fatalf("divided by %d: %d, want %d", by, got, want)
	}
}
