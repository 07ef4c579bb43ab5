// Package intake is the group that validates and normalises the payment events of producers.
//
//   - Input: payments, JSON of the input contract, from any producer and under any key.
//   - Table: none.
//   - Output: transactions, keyed by transaction id: one normalised record with received_at for each valid event;
//     dead-letters. A clock event is not forwarded; it only advances the watermark.
//   - Ordering: events of one payments partition keep their order per transaction. Events of one payment on several
//     partitions have no order until transactions fixes one.
//   - Late and duplicate events pass. The ledger handles them.
//
// Only valid events and clocks advance event time: the time of a refused event cannot be trusted. The bound for the
// future is measured from the timestamp of the payments record.
package intake

import (
	"strings"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// keyLimit bounds, in bytes, the key of the source record and the id of the replayed dead letter. Both travel with the
// event through every group.
const keyLimit = 1024

// Config holds the settings of intake; they are those of normalisation.
type Config struct {
	// HealthInstruments tells, by mode, which fields name the instruments whose health a payment counts for:
	// "instrument", "gateway", "merchant", "category" or "attributes.<key>", one or several. Defaults, for each mode
	// that it does not name, to "instrument".
	HealthInstruments map[string][]string
	// Declines overrides the shipped table of decline codes: upper-case code to "technical" or "business". Defaults to
	// none.
	Declines map[string]string
	// FutureBound is how far past its record's append time an event may lie. Defaults to 5 min.
	FutureBound time.Duration
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config(payment.DefaultConfig()) }

// Validate returns every problem of c, joined.
func (c Config) Validate() error { return payment.Config(c).Validate() }

// Graph returns the group's graph. The config must be valid.
func Graph(cfg Config, t *topology.Topology, m *Metrics) *goka.GroupGraph {
	g := &group{rules: payment.Config(cfg), topology: t, metrics: m}
	return topology.Graph(t, t.Intake,
		stream.Input(t.Intake, t.Payments, g.normalise),
	)
}

type group struct {
	rules    payment.Config
	topology *topology.Topology
	metrics  *Metrics
}

// normalise handles one record of payments. Records that are not JSON are already dead letters by stream.
func (g *group) normalise(c *stream.Context[stream.NoRow], in *payment.Input) {
	n, problem := payment.Normalise(in, origin(c), g.rules)
	switch {
	case problem != nil:
		c.DeadLetter(stream.DeadLetter{Reason: problem.DeadLetterReason(), Detail: problem.Error()})
	case n.Event == nil:
		c.Advance(n.Clock.Time())
	default:
		c.Advance(n.Event.UpdatedAt.Time())
		stream.Emit(c, g.topology.Transactions, n.Event.TransactionID, n.Event)
		g.metrics.count(n)
	}
}

func origin(c *stream.Context[stream.NoRow]) payment.Origin {
	s, letter := c.Source(), c.Headers()[stream.HeaderDeadLetter]
	return payment.Origin{
		Topic: s.Topic, Partition: s.Partition, Offset: s.Offset, Timestamp: instant.Of(s.Timestamp),
		Key:        s.Key[:min(len(s.Key), keyLimit)],
		DeadLetter: strings.ToValidUTF8(string(letter[:min(len(letter), keyLimit)]), ""), // anybody may have written it
	}
}
