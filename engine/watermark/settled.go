package watermark

import "fmt"

// SettledOf reads a partition's own row, that with the key RowPrefix: the watermark whose timers have all fired, with
// what they did among the rows. It is for those who follow the table; None where nothing is known yet, and of a
// wall-timed group.
func SettledOf(value []byte) (int64, error) {
	_, settled, err := ownOf(value)
	return settled, err
}

// ReachedOf reads the watermark itself of the same row: no callback of the transaction that wrote it, or of one before,
// has seen a later one.
func ReachedOf(value []byte) (int64, error) {
	reached, _, err := ownOf(value)
	return reached, err
}

func ownOf(value []byte) (reached, settled int64, err error) {
	d := decoder{b: value}
	version := d.byte()
	reached, settled = d.moment(), d.moment()
	if !d.failed && version == wallVersion {
		return None, None, nil
	}
	if d.failed || version != rowVersion || settled > reached || reached > maxTime {
		return None, None, fmt.Errorf("%w row %q of %d bytes", ErrMalformed, RowPrefix, len(value))
	}
	return reached, settled, nil
}
