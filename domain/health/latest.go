package health

import "github.com/millrace/millrace/domain/instant"

// ClosedKeyAt returns the key of the closed window that ended at end.
func (s Settings) ClosedKeyAt(p Path, end instant.Milli) string {
	return p.ClosedKey(end.Add(-s.Window))
}

// Latest returns the end of the newest window that the mode has heard of.
func (r *ModeRow) Latest() instant.Milli {
	latest := r.Evaluated
	r.each(func(_ *Instrument, g *Gateway) {
		for _, s := range g.Scores {
			latest = max(latest, s.End)
		}
	})
	return latest
}
