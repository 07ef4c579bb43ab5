package stream

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPartitionOfKnownKeys(t *testing.T) {
	// FNV-1a: "" is 0x811c9dc5, "a" 0xe40c292c; user-dwthxge is 0x80000000, whose absolute value is no int32.
	for key, want := range map[string]int32{"": -(-2128831035 % 12), "a": -(-468965076 % 12), "user-dwthxge": 8} {
		if got := Partition([]byte(key), 12); got != want {
			t.Errorf("%q is in %d, not %d", key, got, want)
		}
	}
}

func TestPartitionIsInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int32Range(1, 1024).Draw(t, "n")
		if p := Partition(rapid.SliceOf(rapid.Byte()).Draw(t, "key"), n); p < 0 || p >= n {
			t.Fatal(p)
		}
	})
}

func TestKeysForReachEveryPartition(t *testing.T) {
	for _, n := range []int32{1, 4, 12, 100} {
		keys := KeysFor(n)
		if len(keys) != int(n) {
			t.Fatalf("%d keys for %d partitions", len(keys), n)
		}
		for p, key := range keys {
			if Partition([]byte(key), n) != int32(p) {
				t.Errorf("%s is not in %d of %d", key, p, n)
			}
		}
	}
}
