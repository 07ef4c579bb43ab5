package audit

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// books are all books of a deployment. Those that need the whole log are nil where it is not read.
type books struct {
	topology     *topology.Topology
	transactions *transactions
	users        *users
	coins        *coins
	budgets      *budgets
	grants       *grants
	windows      *windows
	producers    *producers
	totals       *totals
	unreadable   *unreadable
	config       Config
	commands     bool               // all enrolments and segments are read
	timers       map[string]*timers // by topic of the timers
	clocks       map[string]*timers // by topic of the table
}

// moneyTopics are those that conservation, journal and outcomes need.
func moneyTopics(t *topology.Topology) []string {
	return []string{t.Postings.Name, t.Journal.Name, t.Outcomes.Name, t.Erasures.Name, t.RewardsIn.Name,
		t.BudgetReturns.Name, loopTopic(t, t.Budget.Name), loopTopic(t, t.Rewards.Name),
		string(t.Ledger.Table()), string(t.Progress.Table()), string(t.Budget.Table()), string(t.Rewards.Table())}
}

// compacted tells of which topics only the last record of a key counts.
func compacted(t *topology.Topology) map[string]bool {
	out := map[string]bool{}
	for _, s := range t.Topics() {
		out[s.Name] = s.Kind == topology.Table || s.Kind == topology.Timers
	}
	return out
}

// allTopics are those that Verify reads: all that groups write, but for what comes from outside.
func allTopics(t *topology.Topology) []string {
	var out []string
	for _, s := range t.Topics() {
		if !s.Foreign {
			out = append(out, s.Name)
		}
	}
	return out
}

// newBooks returns books that are empty; whole tells of a topic whether it is read from its first record on.
func newBooks(c Config, whole func(topic string) bool) *books {
	t := c.Topology
	logs := whole(t.Postings.Name) && whole(t.Journal.Name) && whole(string(t.Ledger.Table()))
	return &books{
		topology: t, transactions: newTransactions(c.Retention.Milliseconds(), t.Config.Partitions, logs),
		users: newUsers(t, whole(t.Postings.Name) && whole(t.Outcomes.Name) && whole(t.Erasures.Name) &&
			whole(string(t.Progress.Table()))),
		budgets: newBudgets(newLoop(t, t.Budget.Name), t.BudgetReturns.Name, whole(t.RewardsIn.Name) &&
			whole(t.BudgetReturns.Name) && whole(string(t.Budget.Table()))),
		coins:  newCoins(newLoop(t, t.Rewards.Name), whole(string(t.Rewards.Table()))),
		totals: newTotals(), unreadable: newUnreadable(compacted(t)),
		config: c, commands: whole(t.Enrolments.Name) && whole(t.UserSegments.Name),
	}
}

// complete adds the books that need the whole log.
func (b *books) complete() {
	b.totals.rows, b.totals.known = true, true
	b.transactions.waiting = map[string][]Waiting{}
	b.grants = newGrants(b.budgets.whole)
	b.budgets.grants, b.coins.grants = b.grants, b.grants
	b.windows, b.producers, b.users.tallies = newWindows(), newProducers(),
		newTallies(b.config, b.users.whole, b.commands)
	b.timers, b.clocks = map[string]*timers{}, map[string]*timers{}
	for _, g := range b.topology.Groups() {
		if g.Timers != "" {
			book := newTimers(g.Name, g.Clock == stream.WallClock)
			b.timers[g.Timers], b.clocks[g.Table] = book, book
		}
	}
}

// add adds a record. One that cannot be read is a finding, and its content is not known: the others
// are audited all the same.
func (b *books) add(r *kgo.Record) error {
	if b.producers != nil {
		b.producers.observe(r)
	}
	b.unreadable.observe(r, b.read(r))
	return nil
}

func (b *books) read(r *kgo.Record) error {
	key, place := string(r.Key), placeOf(r)
	if timers := b.timers[r.Topic]; timers != nil {
		return timers.add(r.Partition, key, r.Value)
	}
	if position.IsReserved(key) {
		return b.readReserved(r, key)
	}
	if watermark.Is(r.Value) {
		return nil
	}
	switch t := b.topology; r.Topic {
	case string(t.Ledger.Table()):
		return b.transactions.setRow(r, place)
	case string(t.Progress.Table()):
		return b.users.setRow(r.Partition, place, key, r.Value)
	case t.Postings.Name:
		p, err := b.transactions.addPosting(r, place)
		if err == nil {
			b.users.addPosting(r, p)
			b.totals.addPosting(r, p)
		}
		return err
	case t.Journal.Name:
		return b.transactions.addLine(key, r.Value)
	case string(t.Rewards.Table()):
		return b.coins.setRow(place, key, r.Value)
	case string(t.Budget.Table()):
		return b.budgets.setRow(r.Partition, place, key, r.Value)
	case t.RewardsIn.Name:
		return b.budgets.addAllotment(r.Value)
	case b.coins.loop.topic:
		b.coins.addMove(r.Partition, r.Offset, key)
	case b.budgets.loop.topic:
		return b.budgets.addMove(r.Partition, r.Offset, r.Value)
	case t.BudgetReturns.Name:
		return b.budgets.addReturn(r.Partition, r.Offset, r.Value)
	case string(t.Catalog.Table()):
		return b.users.tallies.setCatalog(key, instant.Of(r.Timestamp), r.Value)
	case t.Enrolments.Name:
		return b.users.tallies.addEnrolment(r)
	case t.UserSegments.Name:
		return b.users.tallies.addSegments(r)
	case t.Erasures.Name:
		return b.users.addErasure(r.Value)
	case t.Outcomes.Name:
		return b.users.addOutcome(r.Value)
	case t.HealthWindows.Name, t.HealthCorrections.Name:
		if b.windows != nil {
			return b.windows.add(place, r.Value, r.Topic == t.HealthWindows.Name)
		}
	}
	return nil
}

// readReserved reads a row of the engine's own in a table.
func (b *books) readReserved(r *kgo.Record, key string) error {
	t := b.topology
	switch {
	case r.Value == nil:
	case key == sum.Key:
		return b.totals.setSums(r)
	case key == position.Key && r.Topic == string(t.Progress.Table()):
		return b.users.setPosition(r)
	case key == position.Key && r.Topic == string(t.Budget.Table()):
		return b.budgets.setPosition(r.Partition, r.Value)
	case key == position.Key && r.Topic == string(t.Rewards.Table()):
		return b.coins.setPosition(r.Partition, r.Value)
	case key == watermark.RowPrefix:
		if clock := b.clocks[r.Topic]; clock != nil {
			if err := clock.setTime(r.Partition, r.Value); err != nil {
				return err
			}
		}
		if r.Topic == string(t.Ledger.Table()) {
			at, err := watermark.ReachedOf(r.Value)
			if err == nil && at != watermark.None {
				b.transactions.setTime(r.Partition, at)
			}
			return err
		}
	}
	return nil
}

// open returns all that does not agree now. most bounds what is kept of what does; 0: all of it.
func (b *books) open(now time.Time, most int) []difference {
	out := append(b.transactions.open(most), b.users.open(most)...)
	out = append(append(out, b.coins.open()...), b.budgets.open()...)
	out = append(append(out, b.unreadable.open()...), b.sums()...)
	if b.grants != nil {
		out = append(out, b.grants.open(b.coins.credited)...)
	}
	if b.windows != nil {
		out = append(out, b.windows.found...)
	}
	if b.producers != nil {
		out = append(out, b.producers.found...)
	}
	for _, t := range b.timers {
		out = append(out, t.open(now)...)
	}
	return out
}

// sums holds what tables say of themselves against their rows, and what the ledger posted against what progress took.
func (b *books) sums() []difference {
	t := b.topology
	ledgers, users := string(t.Ledger.Table()), string(t.Progress.Table())
	out := b.totals.check(ledgers, users, b.users.handled)
	if !b.totals.rows {
		return out
	}
	out = append(out, b.totals.accounts(t.Ledger.Name, ledgers, b.transactions.rows, ledgerNet)...)
	out = append(out, b.totals.accounts(t.Progress.Name, users, b.users.rows, progressNet)...)
	if b.transactions.whole {
		out = append(out, b.totals.expired(t.Ledger.Name, ledgers, b.transactions.gone)...)
	}
	return out
}

// lasting separates differences that last from those that are under way.
type lasting struct {
	settle time.Duration
	since  map[string]seen
}

type seen struct {
	state string
	at    time.Time
}

func newLasting(settle time.Duration) *lasting { return &lasting{settle, map[string]seen{}} }

// split returns the differences that have not changed for long enough, and the ids of the others.
func (s *lasting) split(open []difference, now time.Time) (findings []difference, waiting map[string]bool) {
	next := map[string]seen{}
	waiting = map[string]bool{}
	for _, d := range open {
		last, ok := s.since[d.id()]
		if !ok || last.state != d.state {
			last = seen{d.state, now}
		}
		next[d.id()] = last
		if d.sure || now.Sub(last.at) >= s.settle {
			findings = append(findings, d)
		} else {
			waiting[d.id()] = true
		}
	}
	s.since = next
	return findings, waiting
}
