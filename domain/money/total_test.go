package money_test

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/money"
)

func TestTotalAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MaxInt64, math.MinInt64, money.Max})), 1, 20).Draw(t, "parts")
		sum := money.Total{}
		for _, p := range parts {
			sum = sum.Add(p)
		}
		back := sum
		for _, p := range parts {
			back = back.Minus(money.TotalOf(p))
		}
		if back != (money.Total{}) {
			t.Fatalf("%+v is left", back)
		}
		compareBig(t, sum, parts)
	})
}

// compareBig checks sum and its quotients against arbitrary precision.
func compareBig(t *rapid.T, sum money.Total, parts []int64) {
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

func TestMaxIsExactInFloats(t *testing.T) {
	if int64(float64(money.Max-1)) != money.Max-1 || int64(float64(money.Max)) != money.Max {
		t.Error("a float64 does not hold amounts up to Max exactly")
	}
	if !strings.Contains(money.MaxDetail, " "+strconv.Itoa(money.Max)+" ") {
		t.Errorf("%q does not name Max", money.MaxDetail)
	}
}
