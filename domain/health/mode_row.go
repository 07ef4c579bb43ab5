package health

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// ModeRow is the routing state of one mode: the newest scores of its gateways and the states made of them.
type ModeRow struct {
	Mode string
	// Evaluated is the end of the last window that the mode was evaluated for.
	Evaluated instant.Milli
	// Instruments are ordered by name, without doubles.
	Instruments []Instrument
}

// Instrument is one bank, app or card of a mode.
type Instrument struct {
	Name  string
	Level Level
	// Gateways are ordered by name, without doubles.
	Gateways []Gateway
}

// Gateway is one way to reach an instrument.
type Gateway struct {
	Name  string
	Level Level
	// Scores, by window end, are those not yet evaluated and the newest one that is.
	Scores []Scoring
}

// Scoring is a score as the mode keeps it.
type Scoring struct {
	End        instant.Milli
	Correction bool
	Pool       Pool
}

// Limits that keep a mode's row within a record, whatever names the input makes up.
const (
	maxGateways = 2000 // of one mode
	maxScores   = 64   // of one gateway; with more waiting the oldest go
)

// Instrument returns the instrument called name, nil if there is none.
func (r *ModeRow) Instrument(name string) *Instrument {
	if r == nil {
		return nil
	}
	i, found := slices.BinarySearchFunc(r.Instruments, name, byInstrument)
	if !found {
		return nil
	}
	return &r.Instruments[i]
}

// Due returns the watermarks at which the mode is to be evaluated, in order.
func (r *ModeRow) Due(s Settings) []instant.Milli {
	ends := r.waiting()
	for i, end := range ends {
		ends[i] = s.evaluateAt(end)
	}
	return ends
}

// evaluateAt returns the watermark at which a mode is evaluated for the windows that end at end.
func (s Settings) evaluateAt(end instant.Milli) instant.Milli {
	return end.Add(s.Grace).Add(s.EvaluationDelay)
}

// waiting returns the window ends that have scores and are not evaluated yet, in order.
func (r *ModeRow) waiting() []instant.Milli {
	var ends []instant.Milli
	r.each(func(_ *Instrument, g *Gateway) {
		for _, s := range g.Scores {
			if s.End > r.Evaluated {
				ends = append(ends, s.End)
			}
		}
	})
	slices.Sort(ends)
	return slices.Compact(ends)
}

func (r *ModeRow) each(f func(*Instrument, *Gateway)) {
	for i := range r.Instruments {
		for j := range r.Instruments[i].Gateways {
			f(&r.Instruments[i], &r.Instruments[i].Gateways[j])
		}
	}
}

func (r *ModeRow) clone() *ModeRow {
	next := *r
	next.Instruments = slices.Clone(r.Instruments)
	for i := range next.Instruments {
		next.Instruments[i].Gateways = slices.Clone(next.Instruments[i].Gateways)
	}
	next.each(func(_ *Instrument, g *Gateway) { g.Scores = slices.Clone(g.Scores) })
	return &next
}

// gateway returns the place of a gateway, made if it is new. A full row makes room first.
func (r *ModeRow) gateway(instrument, gateway string, since instant.Milli) (*Instrument, *Gateway) {
	if inst := r.Instrument(instrument); inst != nil {
		if j, found := slices.BinarySearchFunc(inst.Gateways, gateway, byGateway); found {
			return inst, &inst.Gateways[j]
		}
	}
	r.makeRoom()
	i, found := slices.BinarySearchFunc(r.Instruments, instrument, byInstrument)
	if !found {
		r.Instruments = slices.Insert(r.Instruments, i, Instrument{Name: instrument, Level: newLevel(since)})
	}
	inst := &r.Instruments[i]
	j, _ := slices.BinarySearchFunc(inst.Gateways, gateway, byGateway)
	inst.Gateways = slices.Insert(inst.Gateways, j, Gateway{Name: gateway, Level: newLevel(since)})
	return inst, &inst.Gateways[j]
}

// makeRoom forgets the gateway that was silent for longest if the row is full.
func (r *ModeRow) makeRoom() {
	n, oldI, oldJ := 0, 0, 0
	oldest := instant.Milli(0)
	for i := range r.Instruments {
		for j := range r.Instruments[i].Gateways {
			g := &r.Instruments[i].Gateways[j]
			var last instant.Milli
			if k := len(g.Scores); k > 0 {
				last = g.Scores[k-1].End
			}
			if n == 0 || last < oldest {
				oldI, oldJ, oldest = i, j, last
			}
			n++
		}
	}
	if n < maxGateways {
		return
	}
	inst := &r.Instruments[oldI]
	inst.Gateways = slices.Delete(inst.Gateways, oldJ, oldJ+1)
	if len(inst.Gateways) == 0 {
		r.Instruments = slices.Delete(r.Instruments, oldI, oldI+1)
	}
}

func byInstrument(i Instrument, name string) int { return cmp.Compare(i.Name, name) }

func byGateway(g Gateway, name string) int { return cmp.Compare(g.Name, name) }
