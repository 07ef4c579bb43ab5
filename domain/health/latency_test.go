package health

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func latencyOf(values []int64) Latency {
	var l Latency
	for _, v := range values {
		l = l.Add(v)
	}
	return l
}

func TestQuantilesWithinStatedError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(1, 5000), rapid.Int64Range(1, math.MaxInt64)), 1, 60).Draw(t, "values")
		q := latencyOf(values).Quantiles()
		slices.Sort(values)
		for percent, got := range map[int]int64{50: q.P50, 95: q.P95, 99: q.P99} {
			exact := values[(len(values)*percent+99)/100-1]
			if diff := max(got-exact, exact-got); diff > exact/64 {
				t.Fatalf("p%d is %d, exact %d", percent, got, exact)
			}
		}
	})
}

func TestLatencyMergesAsIfCountedTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.Int64Range(-1, 3000)).Draw(t, "values")
		cut := rapid.IntRange(0, len(values)).Draw(t, "cut")
		a, b := latencyOf(values[:cut]), latencyOf(values[cut:])
		whole := latencyOf(values)
		if diff := cmp.Diff(whole.Buckets, a.Merge(b).Buckets); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(whole.Buckets, b.Merge(a).Buckets); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestLatencyEdges(t *testing.T) {
	if q := latencyOf([]int64{0, -5}).Quantiles(); q.Known {
		t.Errorf("nothing measured, but %+v", q)
	}
	if b := bucketOf(math.MaxInt64); b != 57*32+63 {
		t.Errorf("last bucket is %d", b)
	}
	for v := int64(1); v < 1<<20; v += 7 {
		if got := middleOf(bucketOf(v)); max(got-v, v-got) > v/64 {
			t.Fatalf("%d stands for %d", got, v)
		}
	}
}
