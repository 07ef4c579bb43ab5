package audit

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine/watermark"
)

// standings is what routing must say of the log of health-scores: its decisions in log order, one after the other, as
// one that nothing ever befalls would make them. Records are by topic and key, in order.
type standings struct {
	tape     *Tape
	settings health.Settings
	merges   map[int32]*watermark.Merge
	modes    map[int32]map[string]*health.ModeRow
	out      map[place][]string
}

// place is a key of a topic.
type place struct{ topic, key string }

// standings folds what is on the tape.
func (t *Tape) standings() (*standings, error) {
	s := &standings{
		tape: t, settings: health.DefaultSettings(), merges: map[int32]*watermark.Merge{},
		modes: map[int32]map[string]*health.ModeRow{},
		out:   map[place][]string{},
	}
	for _, r := range t.records[t.topology.HealthScores.Name] {
		if err := s.apply(r); err != nil {
			return nil, fmt.Errorf("%s-%d-%d: %w", r.Topic, r.Partition, r.Offset, err)
		}
	}
	return s, nil
}

func (s *standings) apply(r *kgo.Record) error {
	merge, modes := s.merges[r.Partition], s.modes[r.Partition]
	if merge == nil {
		merge, modes = watermark.NewMerge(watermark.Input{Topic: r.Topic}), map[string]*health.ModeRow{}
		s.merges[r.Partition], s.modes[r.Partition] = merge, modes
	}
	if !watermark.Is(r.Value) {
		score, err := s.tape.topology.HealthScores.Codec.Decode(r.Value)
		if err != nil {
			return err
		}
		next, effects := modes[score.Mode].ObserveScore(s.settings, score, s.now(merge))
		modes[score.Mode] = next
		return s.emit(effects)
	}
	word, err := watermark.Decode(r.Value)
	if err != nil || !merge.Observe(r.Topic, word) {
		return err
	}
	for _, mode := range slices.Sorted(maps.Keys(modes)) {
		next, effects := modes[mode].AdvanceTo(s.settings, s.now(merge))
		modes[mode] = next
		if err := s.emit(effects); err != nil {
			return err
		}
	}
	return nil
}

// now is the watermark as callbacks see it: the zero time as long as there is none.
func (s *standings) now(m *watermark.Merge) instant.Milli {
	if w := m.Watermark(); w != watermark.None {
		return instant.Milli(w)
	}
	return instant.Of(time.Time{})
}

func (s *standings) emit(effects []health.ModeEffect) error {
	p := s.tape.topology
	for _, e := range effects {
		var at place
		var value []byte
		var err error
		switch e := e.(type) {
		case health.Changed:
			at = place{p.HealthStatus.Name, e.Record.Key()}
			value, err = p.HealthStatus.Codec.Encode(e.Record)
		case health.Disrupted:
			at = place{p.Downtimes.Name, e.Downtime.Key()}
			value, err = p.Downtimes.Codec.Encode(e.Downtime)
		default:
			continue
		}
		if err != nil {
			return err
		}
		s.out[at] = append(s.out[at], string(value))
	}
	return nil
}

// compareStandings compares statuses and downtimes with what the scores demand.
func (t *Tape) compareStandings(v *Verdict) {
	s, err := t.standings()
	if err != nil {
		v.Differ("%v", err)
		return
	}
	got := map[place][]string{}
	for _, topic := range []string{t.topology.HealthStatus.Name, t.topology.Downtimes.Name} {
		for _, r := range t.records[topic] {
			at := place{topic, string(r.Key)}
			got[at] = append(got[at], string(r.Value))
		}
	}
	for at, want := range s.out {
		v.Standings += len(want)
		v.compareOrder(at, want, got[at])
	}
	for at, list := range got {
		if len(s.out[at]) == 0 {
			v.Differ("%s %s: %d records, want none: %s", at.topic, at.key, len(list), list[0])
		}
	}
}

// compareOrder compares the records of one key, up to the first that is wrong.
func (v *Verdict) compareOrder(at place, want, got []string) {
	for i := range want {
		switch {
		case i >= len(got):
			v.lost(len(want)-i, "%s %s: record %d: %s", at.topic, at.key, i, want[i])
			return
		case got[i] == want[i]:
		case i > 0 && got[i] == got[i-1]:
			v.duplicated(1, "%s %s: record %d: %s", at.topic, at.key, i, got[i])
			return
		default:
			v.Differ("%s %s: record %d: %s, want %s", at.topic, at.key, i, got[i], want[i])
			return
		}
	}
	if n := len(got) - len(want); n > 0 {
		v.duplicated(n, "%s %s: after the last: %s", at.topic, at.key, got[len(want)])
	}
}
