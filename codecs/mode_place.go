package codecs

import (
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

func packInstrument(p *packer, i *health.Instrument, base instant.Milli) {
	p.word(i.Name)
	packBool(p, i.Weighs)
	packLevel(p, &i.Level, base, health.Pool{})
	p.uint(uint64(len(i.Gateways)))
	for j := range i.Gateways {
		g := &i.Gateways[j]
		p.word(g.Name)
		p.uint(uint64(len(g.Scores)))
		for _, s := range g.Scores {
			packScoring(p, s, base)
		}
		packLevel(p, &g.Level, base, scoredPool(g.Scores, base))
	}
}

func unpackInstrument(u *unpacker, base instant.Milli) health.Instrument {
	i := health.Instrument{Name: u.word(), Weighs: unpackBool(u)}
	i.Level = unpackLevel(u, base, health.Pool{})
	i.Gateways = listOf(u, func() health.Gateway {
		g := health.Gateway{Name: u.word()}
		g.Scores = listOf(u, func() health.Scoring { return unpackScoring(u, base) })
		g.Level = unpackLevel(u, base, scoredPool(g.Scores, base))
		return g
	})
	return i
}

// scoredPool returns the pool of the score that the last evaluation went by: mostly that of the level.
func scoredPool(scores []health.Scoring, evaluated instant.Milli) (pool health.Pool) {
	for i := range scores {
		if scores[i].End <= evaluated {
			pool = scores[i].Pool
		}
	}
	return pool
}

func packScoring(p *packer, s health.Scoring, base instant.Milli) {
	p.int(int64(s.End - base))
	packBool(p, s.Correction)
	packPool(p, s.Pool)
	packCounts(p, s.Window)
}

func unpackScoring(u *unpacker, base instant.Milli) health.Scoring {
	return health.Scoring{
		End: base + instant.Milli(u.int()), Correction: unpackBool(u), Pool: unpackPool(u), Window: unpackCounts(u),
	}
}

func packOther(p *packer, list []health.OtherWindow, base instant.Milli) {
	ends := times{last: int64(base)}
	p.uint(uint64(len(list)))
	for _, w := range list {
		ends.pack(p, w.End)
		p.int(int64(w.Places))
		packCounts(p, w.Counts)
	}
}

func unpackOther(u *unpacker, base instant.Milli) []health.OtherWindow {
	ends := times{last: int64(base)}
	return listOf(u, func() health.OtherWindow {
		return health.OtherWindow{End: ends.unpack(u), Places: int(u.int()), Counts: unpackCounts(u)}
	})
}

func packBool(p *packer, v bool) {
	if v {
		p.uint(1)
	} else {
		p.uint(0)
	}
}

func unpackBool(u *unpacker) bool { return u.uint() != 0 }
