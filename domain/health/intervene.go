package health

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// Intervene files what people decide, after settling what is due at the watermark w before it. What has begun by then
// holds at once, the rest when event time reaches it.
func (r *ModeRow) Intervene(s Settings, i *Intervention, w instant.Milli) (*ModeRow, []ModeEffect) {
	r, effects := r.AdvanceTo(s, w)
	next := r.orNew(i.Mode())
	now := max(next.Settled, w)
	fits := true
	switch {
	case i.Override != nil:
		next.Overrides, fits = replaced(next.Overrides, *i.Override, i.Override.Until > now, byOverride)
	case i.Maintenance != nil:
		next.Maintenances, fits = replaced(next.Maintenances, *i.Maintenance, i.Maintenance.End > now, byMaintenance)
	case i.Freeze != nil:
		next.Freeze = nil
		if i.Freeze.Until > now {
			next.Freeze = i.Freeze
		}
	}
	if !fits {
		return r, append(effects, Refused{fmt.Sprintf("%d of a kind are in force or to come in %s already",
			maxInterventions, i.Mode())})
	}
	effects = append(effects, next.pass(s, moment{at: now})...)
	return next, next.await(s, effects)
}

// Set files a change of settings, after settling what is due at the watermark w before it.
func (r *ModeRow) Set(s Settings, x *Setting, w instant.Milli) (*ModeRow, []ModeEffect) {
	r, effects := r.AdvanceTo(s, w)
	next := r.orNew(x.Mode)
	next.Settings = slices.DeleteFunc(File(next.Settings, *x), next.superseded)
	if len(next.Settings) > maxSettings {
		return r, append(effects, Refused{fmt.Sprintf("%d settings are in force or to come in %s already", maxSettings,
			x.Mode)})
	}
	effects = append(effects, next.pass(s, moment{at: max(next.Settled, w)})...)
	return next, next.await(s, effects)
}

// superseded tells whether no evaluation will ask for a setting any more: another took its place before the last one.
func (r *ModeRow) superseded(x Setting) bool {
	return slices.ContainsFunc(r.Settings, func(y Setting) bool {
		return y.Instrument == x.Instrument && y.EffectiveFrom > x.EffectiveFrom && y.EffectiveFrom <= r.Evaluated
	})
}

// replaced puts x in its place, or takes it away if it is over; false if there is no room.
func replaced[T any](list []T, x T, stays bool, compare func(T, T) int) ([]T, bool) {
	i, found := slices.BinarySearchFunc(list, x, compare)
	switch {
	case found && stays:
		list[i] = x
	case found:
		list = slices.Delete(list, i, i+1)
	case stays && len(list) >= maxInterventions:
		return list, false
	case stays:
		list = slices.Insert(list, i, x)
	}
	return list, true
}

func byOverride(a, b Override) int { return cmp.Compare(a.ID, b.ID) }

func byMaintenance(a, b Maintenance) int { return cmp.Compare(a.ID, b.ID) }

// boundaries returns when what people have decided begins and ends.
func (r *ModeRow) boundaries() []instant.Milli {
	var out []instant.Milli
	for i := range r.Overrides {
		out = append(out, r.Overrides[i].From, r.Overrides[i].Until)
	}
	for i := range r.Maintenances {
		out = append(out, r.Maintenances[i].Begin, r.Maintenances[i].End)
	}
	if r.Freeze != nil {
		out = append(out, r.Freeze.From, r.Freeze.Until)
	}
	for i := range r.Settings {
		out = append(out, r.Settings[i].EffectiveFrom)
	}
	return out
}

// intervene brings what is forced to the time that is settled, and drops what is over. What is forced has a level, also
// before its first score.
func (r *ModeRow) intervene() {
	now := r.Settled
	r.Overrides = slices.DeleteFunc(r.Overrides, func(o Override) bool { return o.Until <= now })
	r.Maintenances = slices.DeleteFunc(r.Maintenances, func(m Maintenance) bool { return m.End <= now })
	if r.Freeze != nil && r.Freeze.Until <= now {
		r.Freeze = nil
	}
	for i := range r.Overrides {
		if o := &r.Overrides[i]; o.In(now) {
			r.meet(o.Instrument, o.Gateway, o.From)
		}
	}
	for i := range r.Maintenances {
		if m := &r.Maintenances[i]; m.In(now) {
			r.meet(m.Instrument, m.Gateway, m.Begin)
		}
	}
	for i := range r.Instruments {
		inst := &r.Instruments[i]
		inst.Level.force(r.forced(inst.Name, ""), now)
		for j := range inst.Gateways {
			inst.Gateways[j].Level.force(r.forced(inst.Name, inst.Gateways[j].Name), now)
		}
	}
}

func (r *ModeRow) meet(instrument, gateway string, since instant.Milli) {
	if gateway == "" {
		r.instrument(instrument, since)
		return
	}
	r.gateway(instrument, gateway, since)
}

// force sets what people say of a level. When they say nothing any more, what the evaluations say holds, from now on.
func (l *Level) force(f Forced, now instant.Milli) {
	if l.forced() && f.Until == 0 {
		l.Released = now
	}
	l.Forced = f
}

// forced returns what people say of a level now. An override says more than a maintenance, the newer more than the
// older.
func (r *ModeRow) forced(instrument, gateway string) Forced {
	var from instant.Milli
	var f Forced
	for i := range r.Maintenances {
		m := &r.Maintenances[i]
		if m.Instrument == instrument && m.Gateway == gateway && m.In(r.Settled) && m.Begin >= from {
			from, f = m.Begin, Forced{Down, m.Begin, m.End, because("scheduled maintenance", m.Reason)}
		}
	}
	from = 0
	for i := range r.Overrides {
		o := &r.Overrides[i]
		if o.Instrument == instrument && o.Gateway == gateway && o.In(r.Settled) && o.From >= from {
			from, f = o.From, Forced{o.State, o.From, o.Until, because("forced", o.Reason)}
		}
	}
	return f
}

func because(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}
