package health

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/window"
)

// What is explained is what was judged: evidence of two gateways, against the states that the mode made of their scores.
func TestExplainIsWhatWasJudged(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	var windows []Small
	last := map[string][]Small{}
	for i, c := range []struct{ a, b int64 }{{100, 90}, {80, 70}, {60, 40}, {10, 10}, {10, 10}} {
		end := at("0m") + instant.Milli(i+1)*60_000
		for gateway, percent := range map[string]int64{"a": c.a, "b": c.b} {
			small := Small{Span: window.Span{Start: end - 60_000, End: end}, Counts: Counts{Success: percent, Technical: 100 - percent}}
			last[gateway] = append(last[gateway], small)
			windows = append(windows, small)
			score := &Score{Path: Path{"upi", "sbi", gateway}, WindowEnd: end, Window: small.Counts, Pool: poolOf(m.s, last[gateway], end)}
			m.row, _ = m.row.Take(m.s, score, 0)
		}
	}
	m.settle(at("1h"))
	st, gateways, _ := m.row.Standing(m.s, "sbi")
	if st.State != Down {
		t.Fatalf("%+v", st)
	}
	evidence := Explain(m.s, windows, m.s.Deciding(st.State, st.Since))
	if len(evidence) != m.s.DownAfter || evidence[0].WindowEnd != st.Since || evidence[0].Speaks != ForDown || evidence[1].Speaks != ForDown {
		t.Errorf("since %d: %+v", st.Since, evidence)
	}
	before := Explain(m.s, windows, m.s.Back(st.Since, 3))[2]
	if before.Speaks == ForDown {
		t.Errorf("it would have been down before: %+v", before)
	}
	now := Explain(m.s, windows, []instant.Milli{m.row.Evaluated})[0]
	if now.Score != st.Score || now.Samples != st.Samples || now.Eligible != st.Eligible || !now.Scored {
		t.Errorf("%+v, but it stands at %+v", now, st)
	}
	one := Explain(m.s, last["a"], []instant.Milli{m.row.Evaluated})[0]
	if one.Score != gateways[0].Score || one.Samples != gateways[0].Samples {
		t.Errorf("%+v, but it stands at %+v", one, gateways[0])
	}
	if m.row.Latest() != at("5m") {
		t.Errorf("latest %d", m.row.Latest())
	}
}

func TestSpeech(t *testing.T) {
	s := DefaultSettings()
	counts := func(success, technical int64) []Small {
		return []Small{{Span: window.Span{End: 60_000}, Counts: Counts{Success: success, Technical: technical}}}
	}
	for _, c := range []struct {
		success, technical int64
		want               Speech
	}{
		{19, 0, ForNothing}, {0, 0, ForNothing}, {20, 0, ForUp}, {85, 15, ForUp}, {84, 16, ForDegraded}, {70, 30, ForDegraded}, {69, 31, ForDown},
	} {
		if got := Explain(s, counts(c.success, c.technical), []instant.Milli{60_000})[0]; got.Speaks != c.want {
			t.Errorf("%d of %d: %+v", c.success, c.success+c.technical, got)
		}
	}
}

func TestEndsLookedBackOn(t *testing.T) {
	s := DefaultSettings()
	for name, c := range map[string]struct{ got, want []instant.Milli }{
		"down":     {s.Deciding(Down, 300_000), []instant.Milli{300_000, 240_000}},
		"degraded": {s.Deciding(Degraded, 300_000), []instant.Milli{300_000}},
		"up":       {s.Deciding(Up, 120_000), []instant.Milli{120_000, 60_000}},
		"never":    {s.Deciding(Up, 0), nil},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := s.Seen([]instant.Milli{3_600_000, 3_540_000}); len(got) != s.Windows+1 || got[0] != 3_600_000 {
		t.Errorf("%v", got)
	}
	if s.Seen(nil) != nil {
		t.Error("nothing sees something")
	}
	p := Path{"upi", "sbi", "a"}
	if got := s.ClosedKeyAt(p, 120_000); got != p.ClosedKey(60_000) {
		t.Error(got)
	}
}
