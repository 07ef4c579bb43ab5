package serve

import (
	"errors"
	"hash/maphash"
	"log/slog"
	"net/http"
	"sync"

	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/views/problem"
)

// RowOf reads and decodes the row of a key; found is false if there is none. A row that cannot be decoded is a problem
// of that row alone (undecodable); other errors are those of the table.
func RowOf[R any](s *Kit, src *source, group stream.Group[R], key string) (row R, found bool, err error) {
	value, err := src.Get(key)
	if err != nil || value == nil {
		return row, false, err
	}
	row, err = DecodedRow(s, src, group, key, value)
	return row, true, err
}

// DecodedRow decodes a row; its error is that of RowOf.
func DecodedRow[R any](s *Kit, src *source, group stream.Group[R], key string, value []byte) (R, error) {
	row, err := group.Row.Decode(value)
	if err != nil {
		s.Bad.Report(src.Topic, key, value, err)
		return row, problem.Of(http.StatusInternalServerError)
	}
	return row, nil
}

// Undecodable tells whether an error of rowOf concerns its row alone. Lists leave such rows out.
func Undecodable(err error) bool { return errors.As(err, new(*problem.Problem)) }

// BadRows are those that could not be decoded: each is logged once, until it changes.
type BadRows struct {
	log  *slog.Logger
	seed maphash.Seed
	mu   sync.Mutex
	seen map[uint64]bool
}

// remembered bounds the rows of which the log speaks once.
const remembered = 10_000

// NewBadRows returns one that has seen none.
func NewBadRows(log *slog.Logger) *BadRows {
	return &BadRows{log: log, seed: maphash.MakeSeed(), seen: map[uint64]bool{}}
}

// Report logs a row, unless the log has it already.
func (b *BadRows) Report(table, key string, value []byte, err error) {
	var h maphash.Hash
	h.SetSeed(b.seed)
	_, _ = h.WriteString(table + "\x00" + key + "\x00") // hash.Hash never fails
	_, _ = h.Write(value)
	if sum := h.Sum64(); b.first(sum) {
		b.log.Error("a row cannot be decoded", "table", table, "key", key, "error", err)
	}
}

func (b *BadRows) first(sum uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen[sum] {
		return false
	}
	if len(b.seen) == remembered {
		clear(b.seen)
	}
	b.seen[sum] = true
	return true
}
