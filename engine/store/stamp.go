package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"
)

// Stamp says which state of which changelog a store holds.
type Stamp struct {
	Topic [16]byte  // the topic's id: one that was deleted and made again has another
	Next  int64     // the first offset that is not in the store
	At    time.Time // when this was known to be the end of the changelog, or near it; millisecond precision
}

// stampVersion is the version of stamps and of how stores lay out their rows. A store of another version is rebuilt.
const stampVersion = 1

const stampSize = 1 + 16 + 8 + 8 + 4

func (s Stamp) encode() []byte {
	b := append(make([]byte, 0, stampSize), stampVersion)
	b = append(b, s.Topic[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Next))
	at := int64(0)
	if !s.At.IsZero() {
		at = s.At.UnixMilli()
	}
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

func decodeStamp(b []byte) (Stamp, error) {
	if len(b) != stampSize || b[0] != stampVersion {
		return Stamp{}, fmt.Errorf("%w: a stamp of %d bytes, version % x", ErrCorrupt, len(b), b[:min(1, len(b))])
	}
	body, sum := b[:stampSize-4], binary.BigEndian.Uint32(b[stampSize-4:])
	if got := crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)); got != sum {
		return Stamp{}, fmt.Errorf("%w: checksum of the stamp is %08x, not %08x", ErrCorrupt, got, sum)
	}
	var s Stamp
	copy(s.Topic[:], b[1:])
	s.Next = int64(binary.BigEndian.Uint64(b[17:]))
	if at := int64(binary.BigEndian.Uint64(b[25:])); at != 0 {
		s.At = time.UnixMilli(at).UTC()
	}
	if s.Next < 0 {
		return Stamp{}, fmt.Errorf("%w: position %d", ErrCorrupt, s.Next)
	}
	return s, nil
}
