package stream

import "strconv"

// Partition returns the partition of key among n, by FNV-1a as goka and sarama compute it. Everything that places a key
// uses this function; goka's own View.find panics where the hash is MinInt32, this one does not.
func Partition(key []byte, n int32) int32 {
	h := uint32(2166136261) // as hash/fnv, which would allocate
	for _, c := range key {
		h = (h ^ uint32(c)) * 16777619
	}
	p := int32(h) % n
	if p < 0 {
		p = -p
	}
	return p
}

// KeysFor returns, for each of n partitions, a short key that Partition places there.
func KeysFor(n int32) []string {
	keys := make([]string, n)
	for i, left := 0, n; left > 0; i++ {
		k := "clock-" + strconv.Itoa(i)
		if p := Partition([]byte(k), n); keys[p] == "" {
			keys[p] = k
			left--
		}
	}
	return keys
}
