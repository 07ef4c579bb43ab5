package traffic

const (
	minute  = int64(60_000)
	timeout = 5 * minute // after which the ledger takes a pending payment for hanging
)

// pay draws one payment made at arrival and puts all its events in the queue.
func (g *Generator) pay(arrival int64) {
	r := g.rand
	p, outage := g.purchase(arrival)
	shift := int64(0)
	if chance(r, g.cfg.Late) {
		shift = spread(r, lateAtLeast.Milliseconds(), g.cfg.LateBy.Milliseconds())
	}
	p.created -= shift
	s := script{g: g, p: p, shift: shift, gateway: p.gateway}

	end := g.verdict(p, outage)
	hanging := chance(r, g.cfg.Hanging) || outage != nil && end == failedTechnical && chance(r, 0.1)
	overdue := !hanging && chance(r, g.cfg.Overdue)
	retried := (hanging || end == failedTechnical) && !overdue && chance(r, g.cfg.Retries)
	if retried && chance(r, 0.3) {
		s.attempt = 1
	}
	if hanging || overdue || chance(r, g.cfg.Pending) {
		s.payment(pending, arrival+between(r, 50, 400), 0, 0)
	}
	if hanging && !retried {
		return
	}
	latency := int64(logNormal(r, 700, 0.6)) + 1
	if outage != nil {
		latency *= 4
	}
	at := arrival + latency
	if s.step > 0 { // it was pending first
		at += between(r, 500, 60_000)
	}
	if overdue {
		at += between(r, timeout+1, 2*timeout)
	}
	if retried {
		if !hanging {
			s.payment(end, at, latency, 0)
		}
		s.retry(at, latency)
		return
	}
	if end >= failedBusiness && chance(r, g.cfg.LateSuccess) {
		s.payment(end, at, latency, 0)
		end, at = succeeded, at+between(r, 1_000, 2*minute)
	}
	if end != succeeded {
		s.payment(end, at, latency, 0)
		return
	}
	s.settled(at, latency)
}

// retry tries the payment by another gateway, or the same under an attempt id of its own.
func (s *script) retry(at, latency int64) {
	r, m := s.g.rand, s.g.market
	for s.gateway == s.p.gateway && s.attempt == 0 {
		s.gateway = m.gateways[m.pickGate.draw(r)].name
	}
	if s.attempt > 0 {
		s.attempt++
	}
	at += between(r, 500, 20_000)
	if chance(r, 0.6) {
		s.payment(pending, at, 0, 0)
		longest := timeout + minute // some end after the timeout
		if s.g.cfg.Overdue == 0 {
			longest = timeout - minute
		}
		at += between(r, 500, longest)
	}
	switch u := r.Float64(); {
	case u < 0.7:
		s.settled(at, latency)
	case u < 0.9:
		s.payment(failedTechnical, at, latency, 0)
	}
}

// settled writes the success of a payment and what follows from it.
func (s *script) settled(at, latency int64) {
	g, r := s.g, s.g.rand
	within := g.cfg.RefundWithin.Milliseconds()
	if chance(r, g.cfg.Refunds) {
		early := chance(r, g.cfg.EarlyRefunds)
		refund := at + spread(r, 500, within)
		hold := int64(0)
		if early { // the success is sent after its reversal, though it happened before
			refund = at + between(r, 200, 2_000)
			hold = refund - at + between(r, 1_000, 20_000)
		}
		s.payment(succeeded, at, latency, hold)
		s.refund(refund, within)
		return
	}
	s.payment(succeeded, at, latency, 0)
	if chance(r, s.p.instr.reversals) {
		s.debitReversal(at + spread(r, 2_000, within))
		return
	}
	if chance(r, g.cfg.Anomalies) {
		s.anomaly(at + spread(r, 1_000, within))
	}
}

// refund is a merchant's: all of the payment, or up to three parts of it.
func (s *script) refund(at, within int64) {
	r, left := s.g.rand, s.p.amount
	if chance(r, 0.6) {
		amount := left
		if chance(r, 0.5) {
			amount = 0 // all that remains, unsaid
		}
		s.reversal(1, succeeded, amount, s.p.currency, at)
		if chance(r, s.g.cfg.ReturnedRefunds) {
			s.reversal(1, failedTechnical, amount, s.p.currency, at+spread(r, 1_000, within))
		}
		return
	}
	for n := uint8(1); n <= 3 && left > 3; n++ {
		part := between(r, 1, left/3)
		left -= part
		if chance(r, 0.3) {
			s.reversal(n, pending, part, s.p.currency, at)
			at += between(r, 1_000, minute)
		}
		s.reversal(n, succeeded, part, s.p.currency, at)
		if chance(r, s.g.cfg.ReturnedRefunds) {
			s.reversal(n, failedTechnical, part, s.p.currency, at+spread(r, 1_000, within))
		}
		at += spread(r, 1_000, within)
		if chance(r, 0.5) {
			return
		}
	}
}

// debitReversal is the bank's own: all of the payment. One that fails comes back in half of the cases.
func (s *script) debitReversal(at int64) {
	r := s.g.rand
	s.reversal(1, pending, s.p.amount, s.p.currency, at)
	at += between(r, 1_000, minute)
	if chance(r, s.p.instr.reverted) {
		s.reversal(1, succeeded, s.p.amount, s.p.currency, at)
		return
	}
	s.reversal(1, failedTechnical, s.p.amount, s.p.currency, at)
	if chance(r, 0.5) {
		s.reversal(1, succeeded, s.p.amount, s.p.currency, at+between(r, minute, 5*minute))
	}
}

// anomaly is an event that the ledger must refuse.
func (s *script) anomaly(at int64) {
	switch s.g.rand.IntN(4) {
	case 0:
		s.reversal(1, succeeded, s.p.amount+1, s.p.currency, at)
	case 1:
		currency := "EUR"
		s.reversal(1, succeeded, s.p.amount, currency, at)
	case 2:
		s.step++
		s.g.emit(event{
			of: s.p, kind: Payment, step: s.step, verdict: succeeded, stranger: true, gateway: s.gateway,
			currency: s.p.currency, amount: 2 * s.p.amount,
			updated: at - s.shift,
		}, at)
	default:
		s.payment(failedTechnical, at, 0, 0)
	}
}

// purchase draws who pays what to whom, and the outage that hits it, if any.
func (g *Generator) purchase(arrival int64) (*purchase, *Outage) {
	r, m := g.rand, g.market
	g.payments++
	p := g.newPurchase()
	*p = purchase{
		number: g.payments, user: g.users.Uint64() + 1, created: arrival, currency: "INR",
		epoch: chance(r, g.cfg.EpochTimes), untidy: chance(r, g.cfg.Untidy), unknown: chance(r, g.cfg.UnknownFields),
	}
	p.mode = &m.modes[m.pickMode.draw(r)]
	p.instr = &p.mode.instruments[p.mode.pick.draw(r)]
	p.gateway = m.gateways[m.pickGate.draw(r)].name
	p.merchant = &m.merchants[g.shops.Uint64()]
	c := g.categories[p.merchant.category]
	p.category = c.name
	p.amount = max(100, int64(logNormal(r, c.median, c.sigma)))
	if chance(r, 0.6) {
		p.amount -= p.amount % 100 // whole rupees
	}
	switch p.mode.name {
	case "upi":
		p.attr, p.attrText = "app", m.apps[m.pickApp.draw(r)].name
	case "credit_card", "debit_card":
		p.attr, p.attrText = "card", m.cards[m.pickCard.draw(r)].name
		if p.mode.name == "credit_card" && chance(r, g.cfg.ForeignCurrency) {
			p.currency, p.amount = "USD", max(100, p.amount/80)
		}
	}
	return p, g.outage(p)
}

func (g *Generator) outage(p *purchase) *Outage {
	for i := range g.cfg.Outages {
		o := &g.cfg.Outages[i]
		if (o.Mode == "" || o.Mode == p.mode.name) && (o.Instrument == "" || o.Instrument == p.instr.name) &&
			(o.Gateway == "" || o.Gateway == p.gateway) && p.created >= o.From.UnixMilli() &&
			p.created < o.To.UnixMilli() {
			return o
		}
	}
	return nil
}

func (g *Generator) verdict(p *purchase, o *Outage) verdict {
	u := g.rand.Float64()
	if o != nil {
		switch {
		case u < o.SuccessRate:
			return succeeded
		case u < o.SuccessRate+(1-o.SuccessRate)*0.05:
			return failedBusiness
		default:
			return failedTechnical
		}
	}
	switch {
	case u < p.instr.success:
		return succeeded
	case u < p.instr.success+p.instr.business:
		return failedBusiness
	default:
		return failedTechnical
	}
}

// script writes the events of one payment.
type script struct {
	g     *Generator
	p     *purchase
	shift int64 // how much earlier it all happened than it is sent
	step  uint8

	gateway string // by which the payment is being tried
	attempt uint8  // its attempt id, 0: none
}

func (s *script) payment(v verdict, at, latency, hold int64) {
	s.step++
	s.g.emit(event{
		of: s.p, kind: Payment, step: s.step, verdict: v, gateway: s.gateway, attempt: s.attempt,
		currency: s.p.currency, amount: s.p.amount,
		latency: latency, updated: at - s.shift,
	}, at+hold)
}

func (s *script) reversal(number uint8, v verdict, amount int64, currency string, at int64) {
	s.step++
	s.g.emit(event{
		of: s.p, kind: Reversal, reversal: true, step: s.step, revision: number, verdict: v, currency: currency,
		amount:  amount,
		updated: at - s.shift,
	}, at)
}
