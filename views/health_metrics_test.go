package views

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// How instruments stand is read from the tables: a server that has just begun shows it before any payment comes.
func TestHealthIsShown(t *testing.T) {
	f := measured(t)
	f.putHealth()
	f.wantShown(
		`millrace_health_enabled{instrument="sbi",mode="upi"} 1`, `millrace_health_enabled{instrument="hdfc",mode="upi"} 1`,
		`millrace_health_traffic_ratio{instrument="sbi",mode="upi"} 1`,
		`millrace_health_state{instrument="sbi",mode="upi",state="degraded"} 1`, `millrace_health_state{instrument="sbi",mode="upi",state="up"} 0`,
		`millrace_health_state{instrument="hdfc",mode="upi",state="up"} 1`,
		`millrace_health_other_places{mode="upi"} 0`, `millrace_health_instruments_hidden 0`,
	)
	text := strings.Join(f.shows(), "\n")
	if !strings.Contains(text, `millrace_health_score_ratio{instrument="sbi",mode="upi"} 0.67`) || strings.Contains(text, `score_ratio{instrument="hdfc"`) {
		t.Error(text)
	}
	f.tables.routing.set(func() { f.tables.routing.loading = true })
	if text := strings.Join(f.shows(), "\n"); strings.Contains(text, "millrace_health_enabled{") {
		t.Error("while the table of routing is loaded:", text)
	}
}

// scored returns a score of an instrument whose last window had so many attempts, of which a share was good.
func scored(instrument string, minute int, good int64) *health.Score {
	s := &health.Score{Path: health.Path{Mode: "upi", Instrument: instrument, Gateway: "g"}, WindowEnd: at(time.Duration(minute) * time.Minute)}
	s.Window = health.Counts{ledger.Succeeded: good, ledger.FailedTechnical: 100 - good}
	s.Pool = health.Pool{WeightedSuccess: good << 24, WeightedEligible: 100 << 24, Samples: 100, Eligible: 100}
	return s
}

// What is down has a downtime that is open; one that is probed gets 5 % of its traffic, and is enabled.
func TestDownAndProbedAreShown(t *testing.T) {
	f := measured(t)
	s := health.DefaultSettings()
	show := func(to instant.Milli, scores ...*health.Score) {
		var row *health.ModeRow
		for _, x := range scores {
			row, _ = row.ObserveScore(s, x, 0)
		}
		row, _ = row.AdvanceTo(s, to)
		put(f, f.tables.routing, f.topology.Routing, "upi", row)
	}
	down := []*health.Score{scored("a", 1, 10), scored("b", 1, 99), scored("a", 2, 10), scored("b", 2, 99)}
	show(at(130*time.Second), down...)
	f.wantShown(
		`millrace_health_enabled{instrument="a",mode="upi"} 0`, `millrace_health_enabled{instrument="b",mode="upi"} 1`,
		`millrace_health_traffic_ratio{instrument="a",mode="upi"} 0`, `millrace_health_score_ratio{instrument="a",mode="upi"} 0.1`,
		`millrace_health_state{instrument="a",mode="upi",state="down"} 1`, `millrace_health_downtimes_open{mode="upi"} 2`,
	)
	s.Probing = true
	f = measured(t, func(c *Config) { c.Settings = s })
	show(at(190*time.Second), down...)
	f.wantShown(
		`millrace_health_enabled{instrument="a",mode="upi"} 1`, `millrace_health_traffic_ratio{instrument="a",mode="upi"} 0.05`,
		`millrace_health_state{instrument="a",mode="upi",state="probing"} 1`, `millrace_health_state{instrument="a",mode="upi",state="down"} 0`,
	)
}

// Names that input makes up cannot make any number of rows, and what is down is shown before the others.
func TestShownInstrumentsAreBounded(t *testing.T) {
	f := measured(t)
	s := health.DefaultSettings()
	var row *health.ModeRow
	for minute := 1; minute <= 2; minute++ {
		for i := range 600 {
			row, _ = row.ObserveScore(s, scored(fmt.Sprintf("bank%03d", i), minute, 99), 0)
		}
		row, _ = row.ObserveScore(s, scored("worst", minute, 10), 0)
	}
	row, _ = row.AdvanceTo(s, at(130*time.Second))
	put(f, f.tables.routing, f.topology.Routing, "upi", row)
	f.wantShown(`millrace_health_enabled{instrument="worst",mode="upi"} 0`, `millrace_health_instruments_hidden 91`) // with hdfc and sbi, which every fixture has
	if n := strings.Count(strings.Join(f.shows(), "\n"), "millrace_health_enabled{"); n != 512 {
		t.Errorf("%d instruments are shown", n)
	}
}
