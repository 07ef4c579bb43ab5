package traffic

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Record is one line of traffic.
type Record struct {
	// At is when the line is to be sent; never before the one handed out last.
	At time.Time
	// Key is what the record is keyed by: the transaction id; poison has names of its own.
	Key string
	// Value is one JSON object without a line end; poison may be anything but has no line end either.
	Value []byte
	// Kind tells what the line is; Poison its class, an index of Poisons, where Kind is Poisoned.
	Kind   Kind
	Poison int
}

// Offset returns how long after the start of the traffic the line is to be sent.
func (r Record) Offset(from time.Time) time.Duration { return r.At.Sub(from) }

// Generator makes the traffic of one Config. It is not safe for concurrent use.
type Generator struct {
	cfg        Config
	rand       *rand.Rand
	users      *rand.Zipf
	shops      *rand.Zipf
	market     *market
	categories []category
	prefix     []byte
	hours      [24]float64
	mean       float64 // between two arrivals, milliseconds
	arrival    float64 // of the next payment, Unix milliseconds
	to         int64   // 0: none

	queue     queue
	payments  uint64
	poisons   uint64
	sent      int64
	purchases []purchase // what is left of the current block
	values    []byte     // what is left of the current block
}

// New returns a generator at the start of its traffic. It errs on a Config that Validate refuses.
func New(cfg Config) (*Generator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Outages = slices.Clone(cfg.Outages)
	r := rand.New(rand.NewPCG(cfg.Seed, 0x6d696c6c72616365))
	g := &Generator{
		cfg: cfg, rand: r,
		users:  rand.NewZipf(r, 1.1, 20, uint64(cfg.Users-1)),
		shops:  rand.NewZipf(r, 1.2, 3, uint64(cfg.Merchants-1)),
		market: newMarket(cfg.Merchants), categories: categories(),
		hours: HourShares(), mean: 1000 * cfg.eventsPerPayment() / cfg.Rate, arrival: float64(cfg.From.UnixMilli()),
	}
	if !cfg.To.IsZero() {
		g.to = cfg.To.UnixMilli()
	}
	name := (cfg.Seed*0x9e3779b97f4a7c15 ^ uint64(cfg.From.UnixMilli())*0xbf58476d1ce4e5b9) >> 40
	g.prefix = append(base36(nil, name), '-')
	return g, nil
}

// Next returns the next line, or false at the end of the traffic.
func (g *Generator) Next() (Record, bool) {
	if g.cfg.Count > 0 && g.sent >= g.cfg.Count {
		return Record{}, false
	}
	for g.queue.len() == 0 || float64(g.queue.first()) > g.arrival {
		arrival := int64(g.arrival)
		if g.to > 0 && arrival >= g.to && g.queue.len() == 0 {
			return Record{}, false
		}
		if chance(g.rand, g.poisonShare()) {
			g.poison(arrival)
		} else {
			g.pay(arrival)
		}
		g.arrival += g.gap(arrival)
	}
	at, e := g.queue.pop()
	if g.to > 0 && at >= g.to {
		return Record{}, false
	}
	g.sent++
	return g.record(at, &e), true
}

// poisonShare turns the share of poison among lines into the share among arrivals.
func (g *Generator) poisonShare() float64 {
	p := g.cfg.Poison
	per := g.cfg.eventsPerPayment() * (1 - min(p, 0.99))
	return p * per / (1 - p + p*per)
}

// gap draws the time to the next arrival, shorter in busy hours.
func (g *Generator) gap(at int64) float64 {
	mean := g.mean
	if !g.cfg.Flat {
		const offset = 330 * minute // Indian Standard Time
		mean /= g.hours[(at+offset)/(60*minute)%24]
	}
	return mean * g.rand.ExpFloat64()
}

func (g *Generator) poison(at int64) {
	class := g.poisons % uint64(poisonClasses)
	g.poisons++
	g.queue.push(at, event{kind: Poisoned, poison: uint8(class), number: g.poisons, updated: at})
}

// emit puts an event in the queue, to be sent at its time plus a delay, and its duplicates after it.
func (g *Generator) emit(e event, at int64) {
	r := g.rand
	delay := r.Int64N(20)
	if chance(r, 0.2) {
		delay = between(r, 0, g.cfg.Disorder.Milliseconds())
	}
	delay = min(delay, g.cfg.Disorder.Milliseconds())
	at += delay
	g.queue.push(at, e)
	if chance(r, g.cfg.Duplicates) {
		again := e
		again.kind = Duplicate
		g.queue.push(at+spread(r, 10, minute), again)
	}
	if e.amount > 0 && chance(r, g.cfg.Altered) {
		other := e
		other.kind, other.amount = Altered, e.amount+100
		g.queue.push(at+spread(r, 10, minute), other)
	}
}

func (g *Generator) record(at int64, e *event) Record {
	out := Record{At: time.UnixMilli(at).UTC(), Kind: e.kind}
	if e.kind == Poisoned {
		out.Poison = int(e.poison)
		id := g.appendNumber([]byte("poison_"), e.number)
		out.Key = string(id)
		out.Value = g.keep(appendPoison(g.buffer(1024), out.Poison, id, e.updated))
		return out
	}
	out.Key = string(g.appendNumber([]byte("txn_"), e.of.number))
	out.Value = g.keep(g.appendEvent(g.buffer(1024), e))
	return out
}

// buffer returns room for a line at the end of the current block, and keep cuts it off: one allocation serves many
// lines.
func (g *Generator) buffer(atLeast int) []byte {
	if cap(g.values) < atLeast {
		g.values = make([]byte, 0, 64<<10)
	}
	return g.values
}

func (g *Generator) keep(line []byte) []byte {
	if cap(line) == cap(g.values) { // it fitted
		g.values = line[len(line):]
	}
	return slices.Clip(line)
}

func (g *Generator) newPurchase() *purchase {
	if len(g.purchases) == 0 {
		g.purchases = make([]purchase, 256)
	}
	p := &g.purchases[0]
	g.purchases = g.purchases[1:]
	return p
}
