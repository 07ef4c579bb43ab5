package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/test/model"
	"github.com/millrace/millrace/traffic"
)

// Run is what a run was made of.
type Run struct {
	// Sent are the lines sent to payments.
	Sent []traffic.Record
	// Missions are in force throughout.
	Missions []oracle.Mission
	// Bounds are those of users' rows. Default to oracle.DefaultBounds.
	Bounds *oracle.Bounds
	// Answers are what users were told who claimed over HTTP.
	Answers []Answer
	// Effects are the idempotency keys under which handlers of tasks had each effect, by model.EffectOf.
	Effects map[string][]string
	// Wakes are the times in which a zombie may have been at work: what was doubled then counts as its doing.
	Wakes []Span
}

// Span is a time of the wall clock.
type Span struct{ From, To time.Time }

// Verdict says what is wrong. All numbers are 0 if all is well.
type Verdict struct {
	// Lost counts facts that should be there and are not, Duplicated facts told more than once, Different facts, rows
	// and windows that are not as they should be, or should not be at all.
	Lost, Duplicated, Different int
	// Zombie counts records of producers that were fenced or had lost their partitions.
	Zombie int
	// Unjudged counts users' missions of which the oracle can say nothing.
	Unjudged int
	// Findings are sentences, one for each of the above.
	Findings []string
	// Rewards counts rewards by their states.
	Rewards map[string]int
	// Tally counts what time and hands did to them.
	Tally model.Tally
	// Until is when time changes the last of those that it has yet to change, which are findings until then; zero:
	// none.
	Until time.Time
	// Answers counts claims over HTTP that were compared, Refusals enrolments that were refused.
	Answers, Refusals int
	// Payouts counts tasks for the provider, Webhooks all others, and Effects what came of them.
	Payouts, Webhooks, Effects int
	// Holdings are the users' coins and rewards by the rows.
	Holdings map[string]model.Holding
	// Recalled says how many users were judged by what their rows had forgotten.
	Recalled model.Judged
	// Standings counts the statuses and downtimes that were compared.
	Standings int
	// Want is what the oracle says, Got what was seen.
	Want, Got *model.Result
}

// OK tells whether nothing is wrong.
func (v *Verdict) OK() bool { return v.Lost+v.Duplicated+v.Different+v.Zombie+v.Unjudged == 0 }

func (v *Verdict) lost(n int, format string, args ...any) {
	v.Lost += n
	v.Findings = append(v.Findings, "lost: "+fmt.Sprintf(format, args...))
}

func (v *Verdict) duplicated(n int, format string, args ...any) {
	v.Duplicated += n
	v.Findings = append(v.Findings, "duplicated: "+fmt.Sprintf(format, args...))
}

// Differ adds something found elsewhere that is not as it should be.
func (v *Verdict) Differ(format string, args ...any) {
	v.Different++
	v.Findings = append(v.Findings, "different: "+fmt.Sprintf(format, args...))
}

// Judge compares all that is on the tape with the oracle. It leaves the tape as it is. An error means that nothing can
// be said: the log itself cannot be read.
func (t *Tape) Judge(run Run) (*Verdict, error) {
	fold, err := model.New(run.Missions...)
	if err != nil {
		return nil, err
	}
	for topic, take := range map[string]func(*kgo.Record) error{
		t.topology.Transactions.Name: func(r *kgo.Record) error { return fold.Add(r.Partition, r.Value) },
		t.topology.Enrolments.Name:   func(r *kgo.Record) error { return fold.Enrolment(r.Value) },
		t.topology.UserSegments.Name: func(r *kgo.Record) error { return fold.Segments(r.Value) },
	} {
		for _, r := range t.records[topic] {
			if err := take(r); err != nil {
				return nil, err
			}
		}
	}
	v := &Verdict{Want: fold.Result()}
	for _, d := range t.doubles {
		v.duplicated(1, "%s", d.what)
		if slices.ContainsFunc(run.Wakes, func(w Span) bool { return !d.at.Before(w.From) && !d.at.After(w.To) }) {
			v.Zombie++
			v.Findings = append(v.Findings, "zombie: "+d.what)
		}
	}
	for _, z := range t.zombies {
		v.Zombie++
		v.Findings = append(v.Findings, "zombie: "+z)
	}
	for _, u := range t.unread {
		v.Differ("%s", u)
	}
	intake, observed, problems := t.observe()
	t.compareIntake(v, run.Sent, intake)
	v.Got = observed
	if err := t.recall(v, run); err != nil {
		return nil, err
	}
	v.compare()
	t.compareEnrolments(v, run.Missions)
	t.compareRewards(v, run.Missions)
	t.compareAnswers(v, run.Answers)
	t.compareErrands(v, run.Effects)
	t.compareStandings(v)
	t.punctual(v)
	if v.Duplicated == 0 {
		for _, p := range problems { // mostly doubles, which are counted above
			v.Differ("%s", p)
		}
	}
	return v, nil
}

// observe decodes what the pipeline wrote. Intake's dead letters are returned apart. What does not decode was noticed
// by Take, but for rows.
func (t *Tape) observe() (intake map[string]string, result *model.Result, problems []string) {
	o, p := model.NewObserved(), t.topology
	each := func(topic string, take func(*kgo.Record) error) {
		for _, r := range t.records[topic] {
			if !watermark.Is(r.Value) {
				_ = take(r) // an error was noticed by Take, or is of an outcome, which then is missing
			}
		}
	}
	rows := func(table string, take func(string, []byte) error) {
		for k, r := range t.tables[table] {
			if strings.HasPrefix(k.key, reserved) {
				continue
			}
			if err := take(k.key, r.Value); err != nil {
				problems = append(problems, fmt.Sprintf("%s-%d-%d: row %s: %v", table, r.Partition, r.Offset,
					k.key, err))
			}
		}
	}
	rows(string(p.Ledger.Table()), o.LedgerRow)
	rows(string(p.Progress.Table()), o.UserRow)
	each(p.Postings.Name, func(r *kgo.Record) error { return o.Posting(r.Value) })
	each(p.Journal.Name, func(r *kgo.Record) error { return o.JournalEntry(r.Value) })
	each(p.Attempts.Name, func(r *kgo.Record) error { return o.Attempt(r.Value) })
	each(p.Outcomes.Name, func(r *kgo.Record) error { return o.Outcome(r.Value) })
	each(p.HealthWindows.Name, func(r *kgo.Record) error { return o.Window(r.Value, true) })
	each(p.HealthCorrections.Name, func(r *kgo.Record) error { return o.Window(r.Value, false) })
	intake = map[string]string{}
	each(p.DeadLetterRecords.Name, func(r *kgo.Record) error {
		id, reason := string(r.Key), header(r, stream.HeaderReason)
		if header(r, stream.HeaderGroup) == p.Intake.Name {
			intake[id] = reason
		} else {
			o.DeadLetter(id, reason)
		}
		return nil
	})
	result, more := o.Result()
	return intake, result, append(problems, more...)
}

func header(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// compareIntake checks that every record of payments came out as exactly one of dead letter, event and clock, and
// poison as the dead letter that its class demands.
func (t *Tape) compareIntake(v *Verdict, sent []traffic.Record, dead map[string]string) {
	reasons := map[string]string{} // poison by its bytes
	for _, r := range sent {
		if r.Kind == traffic.Poisoned {
			reasons[string(r.Value)] = string(traffic.Poisons()[r.Poison].Reason)
		}
	}
	lines := 0
	for _, r := range t.records[t.topology.Payments.Name] {
		if strings.HasPrefix(string(r.Value), `{"type":"clock"`) {
			continue
		}
		lines++
		id := fmt.Sprintf("%s-%d-%d", r.Topic, r.Partition, r.Offset)
		_, event := t.seen["event of "+id]
		reason, poison := reasons[string(r.Value)]
		given, refused := dead[id]
		switch {
		case !event && !refused:
			v.lost(1, "payments record %s: neither event nor dead letter: %.200s", id, r.Value)
		case event && refused, event == poison, given != reason:
			v.Differ("payments record %s: event %t and dead letter %q, want %t and %q", id, event, given, !poison,
				reason)
		}
	}
	switch {
	case lines < len(sent):
		v.lost(len(sent)-lines, "%d lines sent, %d there", len(sent), lines)
	case lines > len(sent):
		v.duplicated(lines-len(sent), "%d lines sent, %d there", len(sent), lines)
	}
}
