package workload

import (
	"fmt"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/traffic"
)

// events are n events of synthetic traffic. Every payment reports pending before it reports its end, as UPI's do.
type events struct {
	traffic *traffic.Generator
	n       int64
}

// busy is the rate of the traffic, in events a second of their own time. It decides how far the events of a payment are
// apart.
const busy = 2000

func newEvents() (*events, error) {
	c := traffic.DefaultConfig()
	c.Pending, c.Poison, c.Rate = 1, 0, busy
	g, err := traffic.New(c)
	return &events{traffic: g}, err
}

func (s *events) next() (*Event, error) {
	r, _ := s.traffic.Next() // without an end
	s.n++
	in, err := paymentcodec.Payments{}.Decode(r.Value)
	if err != nil {
		return nil, err
	}
	origin := payment.Origin{Topic: "payments", Offset: s.n, Timestamp: instant.Of(r.At), Key: []byte(r.Key)}
	normal, problem := payment.Normalise(in, origin, payment.DefaultConfig())
	if problem != nil {
		return nil, fmt.Errorf("workload: %w", problem)
	}
	return eventOf(normal.Event), nil
}

func eventOf(e *payment.Event) *Event {
	return &Event{
		ID: e.ID, Reversal: e.Type == payment.Reversal, Transaction: e.TransactionID, User: e.UserID, Amount: e.AmountMinor,
		Currency: e.Currency, Status: e.Status.String(), Mode: e.Mode, Instrument: e.Instrument, Gateway: e.Gateway,
		Merchant: e.Labels[payment.Merchant], Category: e.Labels[payment.Category], Decline: e.Decline.String(), Latency: e.LatencyMS,
		Created: int64(e.CreatedAt), Updated: int64(e.UpdatedAt),
	}
}

// Pair is a record and what it is keyed by.
type Pair struct {
	Key   string
	Value any
}

// Expected is what a stage must make of its input, each topic in the order of its keys' input.
type Expected struct {
	Output []Pair
	Table  map[string]any
}

// Inputs returns n records for each stage, and what it must make of them.
func Inputs(n int) (map[Stage][]Pair, map[Stage]Expected, error) {
	s, err := newEvents()
	if err != nil {
		return nil, nil, err
	}
	var in, postings, output []Pair
	accounts, kept, totals := map[string]*Account{}, map[string]any{}, map[string]any{}
	for len(in) < n || len(postings) < n {
		e, err := s.next()
		if err != nil {
			return nil, nil, err
		}
		next, posting := accounts[e.Transaction].Apply(e)
		accounts[e.Transaction] = next
		if len(in) < n {
			in, kept[e.Transaction] = append(in, Pair{e.Transaction, e}), next
		}
		if posting == nil {
			continue
		}
		pair := Pair{posting.User, posting}
		if len(in) < n || e == in[n-1].Value {
			output = append(output, pair)
		}
		if len(postings) < n {
			total, _ := totals[posting.User].(*Total)
			postings, totals[posting.User] = append(postings, pair), total.Apply(posting)
		}
	}
	return map[Stage][]Pair{Ledger: in, Progress: postings},
		map[Stage]Expected{Ledger: {Output: output, Table: kept}, Progress: {Table: totals}}, nil
}
