package oracle

import (
	"encoding/binary"
	"maps"
	"slices"
)

// key is equal for stances from which the same follows.
func (s *stance) key() string {
	k := make(key, 0, 128)
	k.numbers(int64(s.turns), int64(s.sets), int64(s.stage), int64(len(s.taken)), int64(len(s.late)), int64(s.cut))
	for _, t := range s.taken {
		k.numbers(int64(t.at))
		k.flags(t.out)
	}
	if s.version != nil {
		k.numbers(s.version.number)
	}
	k.flags(s.version != nil, s.in, s.fixed, s.full)
	k.numbers(int64(s.since), int64(s.began), int64(s.horizon.at))
	k.text(s.horizon.id)
	for _, id := range s.late {
		k.text(id)
	}
	for _, start := range slices.Sorted(maps.Keys(s.won)) {
		k.numbers(int64(start), s.won[start])
	}
	for _, start := range slices.Sorted(maps.Keys(s.kept)) {
		n := s.kept[start]
		if n.empty() {
			continue
		}
		k.numbers(int64(start), n.sum.High, int64(n.sum.Low), int64(len(n.values)))
		for _, value := range slices.Sorted(maps.Keys(n.values)) {
			k.text(value)
			k.numbers(n.values[value])
		}
	}
	return string(k)
}

type key []byte

func (k *key) numbers(list ...int64) {
	for _, n := range list {
		*k = binary.AppendVarint(*k, n)
	}
}

func (k *key) flags(list ...bool) {
	for _, set := range list {
		n := byte(0)
		if set {
			n = 1
		}
		*k = append(*k, n)
	}
}

func (k *key) text(s string) {
	k.numbers(int64(len(s)))
	*k = append(*k, s...)
}
