package main

import (
	"math/rand/v2"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/traffic"
)

// mode and gateway of everything here.
const (
	mode    = "upi"
	gateway = "all"
)

// The outages of a bank: one every two days on average, with two hours of peace between them, 2 minutes to an hour
// long.
const (
	meanGap     = 46 * time.Hour
	peace       = 2 * time.Hour
	shortest    = 2 * time.Minute
	longest     = time.Hour
	mostSuccess = 0.2
	// business is the share of what fails in an outage for business reasons all the same, as in traffic.
	business = 0.05
)

// bank draws the window counts of one instrument.
type bank struct {
	path    health.Path
	perMin  float64 // payments a minute, on average over a day
	rates   rates
	outages []backtest.Outage
	rand    *rand.Rand
	hours   [24]float64
}

// rates are shares of all payments.
type rates struct{ success, business, technical float64 }

func newBank(b traffic.Bank, perMin float64, r *rand.Rand) *bank {
	sum := b.Approved + b.Business + b.Technical // rounded shares
	return &bank{
		path: health.Path{Mode: mode, Instrument: b.Instrument, Gateway: gateway}, perMin: perMin,
		rates: rates{b.Approved / sum, b.Business / sum, b.Technical / sum}, rand: r, hours: traffic.HourShares(),
	}
}

// plan draws the outages between two times.
func (b *bank) plan(from, to instant.Milli) {
	at := from.Add(peace)
	for {
		at = at.Add(time.Duration(float64(meanGap) * b.rand.ExpFloat64()))
		end := at.Add(time.Duration(logUniform(b.rand, float64(shortest), float64(longest))))
		if end.Add(peace) > to {
			return
		}
		b.outages = append(b.outages, backtest.Outage{
			Mode: mode, Instrument: b.path.Instrument, Begin: at, End: end, Success: float64(mostSuccess * b.rand.Float64()),
		})
		at = end.Add(peace)
	}
}

// window draws the counts of the window that begins at start. An outage may have a part of it.
func (b *bank) window(start instant.Milli, size time.Duration) health.Counts {
	end := start.Add(size)
	all := b.perMin * size.Minutes() * b.rhythm(start)
	well := 1.0
	var c health.Counts
	for _, o := range b.outages {
		part := float64(min(o.End, end).Sub(max(o.Begin, start))) / float64(size)
		if part <= 0 {
			continue
		}
		well -= part
		failed := 1 - o.Success
		c = c.Plus(b.counts(all*part, rates{o.Success, failed * business, failed * (1 - business)}))
	}
	return c.Plus(b.counts(all*well, b.rates))
}

func (b *bank) counts(n float64, r rates) health.Counts {
	return health.Counts{
		ledger.Succeeded: poisson(b.rand, float64(n*r.success)), ledger.FailedBusiness: poisson(b.rand, float64(n*r.business)),
		ledger.FailedTechnical: poisson(b.rand, float64(n*r.technical)),
	}
}

// rhythm is the traffic at a time of day in India against the mean, the hourly figures of traffic joined by lines: its
// steps from hour to hour, by a third at night, are none that payments make.
func (b *bank) rhythm(at instant.Milli) float64 {
	const hour, offset = int64(time.Hour / time.Millisecond), int64(330 * time.Minute / time.Millisecond)
	local := int64(at) + offset - hour/2 // the figures are those of the middle of an hour
	h, part := local/hour%24, float64(local%hour)/float64(hour)
	return float64(b.hours[h]*(1-part)) + float64(b.hours[(h+1)%24]*part)
}
