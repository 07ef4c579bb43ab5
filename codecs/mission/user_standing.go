package mission

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/domain/mission"
)

// DecodeStanding reads where the user stands: the row without the payments and postings that it remembers, which are
// most of it. As long as its Missions is the fingerprint of a snapshot, mission.Views shows the same of it as of the
// whole row.
func (c UserRow) DecodeStanding(b []byte) (*mission.UserRow, error) {
	if len(b) == 0 {
		return c.Decode(b)
	}
	short := append(make([]byte, 0, len(b)), b[0])
	for rest := b[1:]; len(rest) > 0; {
		number, _, size := protowire.ConsumeField(rest)
		if size < 0 { // Decode says what is wrong
			number, size = 0, len(rest)
		}
		if number != userPayment && number != userOld {
			short = append(short, rest[:size]...)
		}
		rest = rest[size:]
	}
	return c.Decode(short)
}
