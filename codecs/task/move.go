package task

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/task"
)

const moveVersion = 1

// Move is the codec of the loop of tasks.
type Move struct{}

// Encode returns m in binary; it never fails.
func (Move) Encode(m *task.Move) ([]byte, error) {
	row := pageOf(m)
	f, key := wire.Writing(moveVersion, rowSize(row)), keyOf(row)
	moveFields(&f, m, &key)
	return f.Body(), nil
}

// Decode reads what Encode wrote.
func (Move) Decode(b []byte) (*task.Move, error) {
	f := wire.Reading(b, moveVersion)
	m, key := new(task.Move), ""
	for f.Next() {
		moveFields(&f, m, &key)
	}
	for _, e := range pageOf(m).Queued() {
		e.Task.Key = key
	}
	return wire.Decoded(m, "move between rows of tasks", &f)
}

func pageOf(m *task.Move) *task.Row { return &task.Row{Page: m.Page} }

func moveFields(f *wire.Fields, m *task.Move, key *string) {
	f.Byte(1, (*uint8)(&m.Step))
	f.Text(2, &m.From)
	f.Int(3, &m.Number)
	f.Text(4, key)
	for p := range wire.Pointer(f, 5, &m.Page) {
		pageFields(f, p)
	}
	for e := range wire.Pointer(f, 6, &m.Filed) {
		endedFields(f, e)
	}
	for range wire.Value(f, 7, &m.Token) {
		tokenFields(f, &m.Token)
	}
	for range wire.Value(f, 8, &m.Share) {
		f.Int(1, &m.Share.Partition)
		f.Int(2, &m.Share.Partitions)
	}
}
