package window

// Closed is a window after it closed, open to corrections.
type Closed[A any] struct {
	Span
	// Revision is 0 for the final, then rises by one with every correction. A window that closed empty has no final, so
	// its first correction is revision 1.
	Revision int64
	Value    A
}

// Close returns the closed window of a Final.
func Close[A any](final Effect[A]) Closed[A] { return Closed[A]{Span: final.Span, Value: final.Value} }

// Revise returns the next revision of c. For a window without a final, c is a Closed with its span alone.
func (c Closed[A]) Revise(add func(A) A) Closed[A] {
	c.Revision++
	c.Value = add(c.Value)
	return c
}
