package health

import "testing"

func TestLatest(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.score("sbi/a", "1m", 100)
	m.settle(at("2m"))
	if got := m.row.Latest(); got != at("1m") {
		t.Errorf("evaluated: %s", got)
	}
	m.score("sbi/a", "2m", 100)
	m.score("sbi/b", "3m", 100)
	if got := m.row.Latest(); got != at("3m") {
		t.Errorf("waiting: %s", got)
	}
	p := Path{"upi", "sbi", "a"}
	if got := m.s.ClosedKeyAt(p, 120_000); got != p.ClosedKey(60_000) {
		t.Error(got)
	}
}
