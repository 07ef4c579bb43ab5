package health

import "github.com/millrace/millrace/domain/window"

// ApplyClosed applies a closed window to its row: the window as it closed, or a late attempt, which makes the next
// revision. Late attempts for a window that closed empty find no row and begin with revision 1. A final that comes
// again changes nothing.
func ApplyClosed(s Settings, row *Row, c *ClosedWindow) (*Row, []Effect) {
	known := row != nil && row.Closed != nil && row.Closed.Span == c.Span
	if c.Final {
		if known {
			return row, nil
		}
		closed := window.Closed[Tally]{Span: c.Span, Value: c.Tally}
		return &Row{Closed: &Closed{Path: c.Path, Closed: closed, ClosedAt: c.ClosedAt, Plain: c.Plain}}, nil
	}
	next := Closed{Path: c.Path, Closed: window.Closed[Tally]{Span: c.Span}, ClosedAt: c.ClosedAt,
		Plain: !s.CountTimeouts}
	if known {
		next = *row.Closed
	}
	next.Closed = next.Revise(func(t Tally) Tally { return t.Merge(c.Tally) })
	return &Row{Closed: &next}, []Effect{Corrected{next.record()}}
}
