package mission

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// targeted returns a definition that is told apart by its target.
func targeted(target int64) Mission { return everything("m", MetricAmount, target) }

func with(t *testing.T, h History, target int64, from, at instant.Milli, backdated bool) History {
	t.Helper()
	next, problems := h.WithVersion(targeted(target), from, at, backdated)
	if problems != nil {
		t.Fatal(problems)
	}
	return next
}

func TestVersionsInForce(t *testing.T) {
	h := NewHistory(targeted(1), 1_000_000)
	h = with(t, h, 2, 0, 2_000_000, false)         // in force from 2,010,000
	h = with(t, h, 3, 5_000_000, 2_500_000, false) // announced
	h = with(t, h, 4, 1_500_000, 3_000_000, true)  // takes all before it over
	plan, problems := Compile(&h)
	if problems != nil {
		t.Fatal(problems)
	}
	for _, tt := range []struct {
		at   instant.Milli
		want int64
	}{{-5, 1}, {0, 1}, {1_499_999, 1}, {1_500_000, 4}, {2_010_000, 4}, {9_000_000, 4}} {
		if got := h.At(tt.at).Number; got != tt.want {
			t.Errorf("at %d: version %d, want %d", tt.at, got, tt.want)
		}
		if got := plan.At(tt.at); got.Number() != tt.want || got.Mission().Goal.Target != tt.want || got.Mission().Status != Active {
			t.Errorf("compiled at %d: version %d, want %d", tt.at, got.Number(), tt.want)
		}
	}
	if c, ok := plan.Version(3); !ok || c.Mission().Goal.Target != 3 {
		t.Error("version 3 is not found")
	}
	if _, ok := plan.Version(5); ok {
		t.Error("version 5 is found")
	}
	before := NewHistory(targeted(1), 1_000_000)
	h = with(t, before, 2, 0, 2_000_000, false)
	for at, want := range map[instant.Milli]int64{2_009_999: 1, 2_010_000: 2} {
		if got := h.At(at).Number; got != want {
			t.Errorf("at %d: version %d, want %d", at, got, want)
		}
	}
	if len(before.Versions) != 1 || h.ChangedAt != 2_000_000 || h.Definition().Goal.Target != 2 || h.Definition().Status != Active {
		t.Errorf("%+v", h)
	}
}

func TestVersionsAreRefused(t *testing.T) {
	h := NewHistory(targeted(1), 1_000_000)
	for name, tt := range map[string]struct {
		from      instant.Milli
		backdated bool
	}{"too soon": {2_009_999, false}, "in the past": {5, false}, "backdated to nothing": {0, true}, "before time": {-5, true}} {
		got, problems := h.WithVersion(targeted(2), tt.from, 2_000_000, tt.backdated)
		if len(problems) != 1 || problems[0].Code != problem.InvalidField || len(got.Versions) != 1 {
			t.Errorf("%s: %v %+v", name, problems, got)
		}
	}
	ahead := with(t, h, 2, 9_000_000, 2_000_000, true)
	if ahead.Latest().Backdated {
		t.Error("a version that begins late enough is not backdated")
	}
}

// Until a mission is active nothing counts for it, so its only version is the draft as it is now.
func TestDraftsAreReplaced(t *testing.T) {
	m := targeted(1)
	m.Status = Draft
	h := with(t, NewHistory(m, 1_000_000), 2, 0, 2_000_000, false).WithSchedule(9_000_000, 3_000_000)
	want := History{Status: Scheduled, ChangedAt: 3_000_000, ScheduledAt: 9_000_000, Versions: []Version{{Number: 1, Mission: targeted(2), CreatedAt: 2_000_000}}}
	want.Versions[0].Mission.Status = ""
	if diff := cmp.Diff(want, h); diff != "" {
		t.Error(diff)
	}
	if h = h.WithStatus(Active, 9_000_000); h.ScheduledAt != 0 || !h.Activated {
		t.Errorf("%+v", h)
	}
	if _, problems := Compile(&History{}); problems == nil {
		t.Error("a mission without a definition compiles")
	}
}
