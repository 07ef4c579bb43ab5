package health

// What parts of a mode's row take, in bytes, about: at the sizes of numbers that occur no less than the codec writes. A
// row must stay within a record of 1 MB, with room for the scores of one more window.
const (
	rowBytes    = 256
	levelBytes  = 24
	trialBytes  = 24
	listBytes   = 4
	judgedBytes = 6
	smallBytes  = 11
	scoreBytes  = 24
	otherBytes  = 12
	outageBytes = 32
	humanBytes  = 64 // beside texts

	detailSize = 750_000 // beyond it levels remember less of their windows
	maxSize    = 850_000 // beyond it they remember little, and gateways with the least traffic lose their places
)

// Size returns how many bytes the row takes as a record, about.
func (r *ModeRow) Size() int {
	n := rowBytes + r.Level.size() + otherBytes*len(r.Other)
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		n += inst.own()
		for j := range inst.Gateways {
			n += inst.Gateways[j].size()
		}
	}
	for i := range r.Overrides {
		o := &r.Overrides[i]
		n += humanBytes + len(o.ID) + len(o.Mode) + len(o.Instrument) + len(o.Gateway) + len(o.Reason) + len(o.Actor)
	}
	for i := range r.Maintenances {
		m := &r.Maintenances[i]
		n += humanBytes + len(m.ID) + len(m.Mode) + len(m.Instrument) + len(m.Gateway) + len(m.Reason) + len(m.Actor)
	}
	for i := range r.Settings {
		x := &r.Settings[i]
		n += humanBytes + len(x.Mode) + len(x.Instrument) + len(x.Actor)
		for _, c := range x.Patch {
			n += len(c.Field) + len(c.Value) + 6
		}
	}
	for i := range r.Downtimes {
		d := &r.Downtimes[i]
		n += outageBytes + judgedBytes*len(d.Windows)
		if !d.open() || d.By != "" {
			n += len(d.ID) + len(d.By) + len(d.Reason) + len(d.Instrument) + len(d.Gateway)
		}
	}
	return n
}

// own is the size of the instrument beside its gateways.
func (i *Instrument) own() int { return len(i.Name) + 4 + i.Level.size() }

func (g *Gateway) size() int {
	return len(g.Name) + 4 + g.Level.size() + scoreBytes*len(g.Scores)
}

func (l *Level) size() int {
	n := levelBytes + listBytes + judgedBytes*(len(l.Recent)+len(l.Decided)) + smallBytes*len(l.Trial.Last)
	if l.Trial.Falls != 0 || l.Trial.From != 0 || l.Trial.Anew != 0 {
		n += trialBytes
	}
	if l.forced() {
		n += levelBytes + len(l.Forced.Reason)
	}
	return n
}

// shed lets levels forget the older of their windows where the row is large: hysteresis does not need them. After a
// recovery verdicts then look back on fewer.
func (r *ModeRow) shed() {
	if r.Size() > detailSize {
		r.remember(4, 8)
	}
	if r.Size() > maxSize {
		r.remember(3, 3)
	}
}

func (r *ModeRow) remember(judged, trial int) {
	r.Level.shed(judged, trial)
	for i := range r.Instruments {
		r.Instruments[i].Level.shed(judged, trial)
	}
	r.each(func(_ *Instrument, g *Gateway) { g.Level.shed(judged, trial) })
}

func (l *Level) shed(judged, trial int) {
	l.Recent, l.Decided = newest(l.Recent, judged), newest(l.Decided, judged)
	l.Trial.Last = newest(l.Trial.Last, trial)
}

func newest[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }
