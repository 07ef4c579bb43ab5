package health

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// subBits is the precision of Latency: 2^subBits buckets for every doubling.
const subBits = 5

// Latency is a histogram of latencies in milliseconds that can be merged without loss. Up to 63 ms it is exact; beyond,
// buckets grow with the value, and a quantile is wrong by at most 1/64 (1.6 %) of the true value. Its size is bounded
// by the range of values: 32 buckets for each doubling. The zero value is empty. It is a value: methods return a
// changed copy.
type Latency struct {
	Buckets []Bucket // by ascending index, counts positive
}

// Bucket counts the values of one bucket of a Latency.
type Bucket struct {
	Index int32
	Count int64
}

// Quantiles are latencies in milliseconds; Known is false if nothing was measured.
type Quantiles struct {
	P50, P95, P99 int64
	Known         bool
}

// bucketOf returns the index of v > 0: v itself below 2^(subBits+1), then exponent and the leading bits below the
// first.
func bucketOf(v int64) int32 {
	shift := bits.Len64(uint64(v)) - subBits - 1
	if shift <= 0 {
		return int32(v)
	}
	return int32(shift)<<subBits + int32(v>>shift)
}

// middleOf returns the middle of a bucket, the value that stands for all of its own.
func middleOf(index int32) int64 {
	if index < 2<<subBits {
		return int64(index)
	}
	shift := index>>subBits - 1
	low := int64(index-shift<<subBits) << shift
	return low + int64(1)<<shift>>1
}

// Add counts one latency. Zero and less mean "not measured" and are left out.
func (l Latency) Add(ms int64) Latency {
	if ms <= 0 {
		return l
	}
	index := bucketOf(ms)
	i, found := slices.BinarySearchFunc(l.Buckets, index, func(b Bucket, want int32) int {
		return cmp.Compare(b.Index, want)
	})
	next := make([]Bucket, 0, len(l.Buckets)+1)
	next = append(next, l.Buckets...)
	if !found {
		next = slices.Insert(next, i, Bucket{Index: index})
	}
	next[i].Count++
	return Latency{next}
}

// Merge returns the histogram of the values of both.
func (l Latency) Merge(m Latency) Latency {
	switch {
	case len(m.Buckets) == 0:
		return l
	case len(l.Buckets) == 0:
		return m
	}
	out := make([]Bucket, 0, len(l.Buckets)+len(m.Buckets))
	i, j := 0, 0
	for i < len(l.Buckets) || j < len(m.Buckets) {
		switch {
		case j == len(m.Buckets) || i < len(l.Buckets) && l.Buckets[i].Index < m.Buckets[j].Index:
			out = append(out, l.Buckets[i])
			i++
		case i == len(l.Buckets) || m.Buckets[j].Index < l.Buckets[i].Index:
			out = append(out, m.Buckets[j])
			j++
		default:
			out = append(out, Bucket{l.Buckets[i].Index, l.Buckets[i].Count + m.Buckets[j].Count})
			i, j = i+1, j+1
		}
	}
	return Latency{out}
}

// Quantiles returns p50, p95 and p99 by nearest rank.
func (l Latency) Quantiles() Quantiles {
	var n int64
	for _, b := range l.Buckets {
		n += b.Count
	}
	if n == 0 {
		return Quantiles{}
	}
	return Quantiles{P50: l.rank(ceilOf(n, 50)), P95: l.rank(ceilOf(n, 95)), P99: l.rank(ceilOf(n, 99)), Known: true}
}

func ceilOf(n, percent int64) int64 {
	if n > math.MaxInt64/100 {
		return n / 100 * percent
	}
	return (n*percent + 99) / 100
}

// rank returns the value of the nth smallest, from 1.
func (l Latency) rank(n int64) int64 {
	for _, b := range l.Buckets {
		if n -= b.Count; n <= 0 {
			return middleOf(b.Index)
		}
	}
	return middleOf(l.Buckets[len(l.Buckets)-1].Index)
}
