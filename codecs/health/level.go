package health

import (
	"math"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// What a packed level has, beside its state in the lowest bits.
const (
	levelKnown uint64 = 1 << (iota + 3)
	levelKept
	levelForced
	levelTrial
	levelReleased
	levelPool

	levelState = levelKnown - 1
)

// ratePart is the resolution of rates.
const ratePart = 10_000

// levelPacked is a level; base is a time near those in it. Its pool is left out where it is shared.
func levelPacked(p *packed, l *health.Level, base instant.Milli, shared health.Pool) {
	has := levelHas(l, shared)
	if p.uint(&has); !p.writes {
		*l = health.Level{Known: has&levelKnown != 0, Kept: has&levelKept != 0, Pool: shared}
		l.State = health.State(p.known(has&levelState, uint8(health.Recovering)))
	}
	p.count(&l.LowRun)
	p.count(&l.HighRun)
	p.near(&l.Since, base)
	p.word(&l.Reason)
	if has&levelPool != 0 {
		poolPacked(p, &l.Pool)
	}
	if has&levelReleased != 0 {
		p.near(&l.Released, base)
	}
	if has&levelForced != 0 {
		p.kind((*uint8)(&l.Forced.State), uint8(health.Recovering))
		p.near(&l.Forced.Since, base)
		p.near(&l.Forced.Until, l.Forced.Since)
		p.word(&l.Forced.Reason)
	}
	if has&levelTrial != 0 {
		trialPacked(p, &l.Trial, base)
	}
	judgedPacked(p, &l.Recent, base)
	judgedPacked(p, &l.Decided, base)
}

func levelHas(l *health.Level, shared health.Pool) uint64 {
	has := uint64(l.State)
	for _, f := range []struct {
		flag uint64
		on   bool
	}{
		{levelKnown, l.Known}, {levelKept, l.Kept}, {levelForced, l.Forced != (health.Forced{})},
		{levelTrial, !idle(&l.Trial)},
		{levelReleased, l.Released != 0}, {levelPool, l.Pool != shared},
	} {
		if f.on {
			has |= f.flag
		}
	}
	return has
}

func idle(t *health.Trial) bool {
	return t.Falls == 0 && t.From == 0 && t.Good == 0 && t.All == 0 && t.Step == 0 && t.Stepped == 0 && t.Anew == 0 &&
		len(t.Last) == 0
}

func trialPacked(p *packed, t *health.Trial, base instant.Milli) {
	p.count(&t.Falls)
	p.int(&t.Good)
	p.int(&t.All)
	p.count(&t.Step)
	p.time(&t.From, base)
	p.time(&t.Stepped, base)
	p.time(&t.Anew, base)
	ends := times{last: int64(base)}
	packedList(p, &t.Last, func(small *health.Small) {
		ends.next(p, &small.End)
		length := int64(small.End - small.Start)
		if p.int(&length); !p.writes {
			small.Start = small.End - instant.Milli(length)
		}
		countsPacked(p, &small.Counts)
	})
}

func judgedPacked(p *packed, list *[]health.Judged, base instant.Milli) {
	ends := times{last: int64(base)}
	packedList(p, list, func(j *health.Judged) {
		ends.next(p, &j.End)
		rate := uint64(math.Round(j.Rate * ratePart))
		if p.uint(&rate); !p.writes {
			j.Rate = float64(min(rate, ratePart)) / ratePart
		}
		p.int(&j.Count)
	})
}

// poolPacked is small: most attempts succeed, so the rest is.
func poolPacked(p *packed, x *health.Pool) {
	p.int(&x.WeightedSuccess)
	p.from(&x.WeightedEligible, x.WeightedSuccess)
	p.int(&x.Samples)
	rest := x.Samples - x.Eligible
	if p.int(&rest); !p.writes {
		x.Eligible = x.Samples - rest
	}
}

func countsPacked(p *packed, c *health.Counts) {
	for o := ledger.Succeeded; o < ledger.OutcomeEnd; o++ {
		p.int(&c[o])
	}
}
