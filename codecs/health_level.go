package codecs

import (
	"math"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
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

// packLevel writes a level; base is a time near those in it. Its pool is left out where it is shared.
func packLevel(p *packer, l *health.Level, base instant.Milli, shared health.Pool) {
	has := uint64(l.State)
	for _, f := range []struct {
		flag uint64
		on   bool
	}{
		{levelKnown, l.Known}, {levelKept, l.Kept}, {levelForced, l.Forced != (health.Forced{})}, {levelTrial, !idle(&l.Trial)},
		{levelReleased, l.Released != 0}, {levelPool, l.Pool != shared},
	} {
		if f.on {
			has |= f.flag
		}
	}
	p.uint(has)
	p.int(int64(l.LowRun))
	p.int(int64(l.HighRun))
	p.int(int64(l.Since - base))
	p.word(l.Reason)
	if has&levelPool != 0 {
		packPool(p, l.Pool)
	}
	if has&levelReleased != 0 {
		p.int(int64(l.Released - base))
	}
	if has&levelForced != 0 {
		p.uint(uint64(l.Forced.State))
		p.int(int64(l.Forced.Since - base))
		p.int(int64(l.Forced.Until - l.Forced.Since))
		p.word(l.Forced.Reason)
	}
	if has&levelTrial != 0 {
		packTrial(p, &l.Trial, base)
	}
	packJudged(p, l.Recent, base)
	packJudged(p, l.Decided, base)
}

func unpackLevel(u *unpacker, base instant.Milli, shared health.Pool) health.Level {
	has := u.uint()
	l := health.Level{Known: has&levelKnown != 0, Kept: has&levelKept != 0, Pool: shared}
	l.State = unpackState(u, has&levelState)
	l.LowRun, l.HighRun = int(u.int()), int(u.int())
	l.Since = base + instant.Milli(u.int())
	l.Reason = u.word()
	if has&levelPool != 0 {
		l.Pool = unpackPool(u)
	}
	if has&levelReleased != 0 {
		l.Released = base + instant.Milli(u.int())
	}
	if has&levelForced != 0 {
		l.Forced.State = unpackState(u, u.uint())
		l.Forced.Since = base + instant.Milli(u.int())
		l.Forced.Until = l.Forced.Since + instant.Milli(u.int())
		l.Forced.Reason = u.word()
	}
	if has&levelTrial != 0 {
		l.Trial = unpackTrial(u, base)
	}
	l.Recent = unpackJudged(u, base)
	l.Decided = unpackJudged(u, base)
	return l
}

func unpackState(u *unpacker, n uint64) health.State {
	if n > uint64(health.Recovering) {
		u.b, u.bad = nil, true
		return health.Up
	}
	return health.State(n)
}

func idle(t *health.Trial) bool {
	return t.Falls == 0 && t.From == 0 && t.Good == 0 && t.All == 0 && t.Step == 0 && t.Stepped == 0 && t.Anew == 0 && len(t.Last) == 0
}

// packTrial writes times that are not set as they are; the others lie near base.
func packTrial(p *packer, t *health.Trial, base instant.Milli) {
	p.int(int64(t.Falls))
	p.int(t.Good)
	p.int(t.All)
	p.int(int64(t.Step))
	for _, at := range []instant.Milli{t.From, t.Stepped, t.Anew} {
		packTime(p, at, base)
	}
	ends := times{last: int64(base)}
	p.uint(uint64(len(t.Last)))
	for _, small := range t.Last {
		ends.pack(p, small.End)
		p.int(int64(small.End - small.Start))
		packCounts(p, small.Counts)
	}
}

func unpackTrial(u *unpacker, base instant.Milli) health.Trial {
	t := health.Trial{Falls: int(u.int()), Good: u.int(), All: u.int(), Step: int(u.int())}
	for _, at := range []*instant.Milli{&t.From, &t.Stepped, &t.Anew} {
		*at = unpackTime(u, base)
	}
	ends := times{last: int64(base)}
	t.Last = listOf(u, func() (small health.Small) {
		small.End = ends.unpack(u)
		small.Start = small.End - instant.Milli(u.int())
		small.Counts = unpackCounts(u)
		return small
	})
	return t
}

// packTime writes 0 for a time that is not set.
func packTime(p *packer, at, base instant.Milli) {
	if at == 0 {
		p.uint(0)
		return
	}
	p.uint(1)
	p.int(int64(at - base))
}

func unpackTime(u *unpacker, base instant.Milli) instant.Milli {
	if u.uint() == 0 {
		return 0
	}
	return base + instant.Milli(u.int())
}

func packJudged(p *packer, list []health.Judged, base instant.Milli) {
	ends := times{last: int64(base)}
	p.uint(uint64(len(list)))
	for _, j := range list {
		ends.pack(p, j.End)
		p.uint(uint64(math.Round(j.Rate * ratePart)))
		p.int(j.Count)
	}
}

func unpackJudged(u *unpacker, base instant.Milli) []health.Judged {
	ends := times{last: int64(base)}
	return listOf(u, func() health.Judged {
		return health.Judged{End: ends.unpack(u), Rate: float64(min(u.uint(), ratePart)) / ratePart, Count: u.int()}
	})
}

// Of a pool most attempts succeed, so the rest is small.
func packPool(p *packer, x health.Pool) {
	p.int(x.WeightedSuccess)
	p.int(x.WeightedEligible - x.WeightedSuccess)
	p.int(x.Samples)
	p.int(x.Samples - x.Eligible)
}

func unpackPool(u *unpacker) health.Pool {
	x := health.Pool{WeightedSuccess: u.int()}
	x.WeightedEligible = x.WeightedSuccess + u.int()
	x.Samples = u.int()
	x.Eligible = x.Samples - u.int()
	return x
}

func packCounts(p *packer, c health.Counts) {
	p.int(c.Success)
	p.int(c.Technical)
	p.int(c.Business)
	p.int(c.Timeout)
}

func unpackCounts(u *unpacker) health.Counts {
	return health.Counts{Success: u.int(), Technical: u.int(), Business: u.int(), Timeout: u.int()}
}
