package health

import (
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

func instrumentPacked(p *packed, i *health.Instrument, base instant.Milli) {
	p.word(&i.Name)
	p.bool(&i.Weighs)
	levelPacked(p, &i.Level, base, health.Pool{})
	packedList(p, &i.Gateways, func(g *health.Gateway) {
		p.word(&g.Name)
		packedList(p, &g.Scores, func(s *health.Scoring) {
			p.near(&s.End, base)
			p.bool(&s.Correction)
			poolPacked(p, &s.Pool)
			countsPacked(p, &s.Window)
		})
		levelPacked(p, &g.Level, base, scoredPool(g.Scores, base))
	})
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

func otherPacked(p *packed, list *[]health.OtherWindow, base instant.Milli) {
	ends := times{last: int64(base)}
	packedList(p, list, func(w *health.OtherWindow) {
		ends.next(p, &w.End)
		p.count(&w.Places)
		countsPacked(p, &w.Counts)
	})
}
