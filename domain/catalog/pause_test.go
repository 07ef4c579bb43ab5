package catalog

import (
	"testing"

	"github.com/millrace/millrace/domain/verdict"
)

func TestAKindIsPausedAndResumed(t *testing.T) {
	put := func(id, reason string) *Command {
		return NewPut(id, "ann", 1_772_366_400_000, TaskPause{Name: "thank", Reason: reason})
	}
	row, e := Apply(nil, put("1", " provider is away "), DefaultConfig())
	p, _ := row.Entity.(TaskPause)
	if e.Result != verdict.Applied || !p.Paused || p.Reason != "provider is away" || p.Actor != "ann" || p.Since != e.At {
		t.Errorf("%+v %+v", e, p)
	}
	if _, e := Apply(row, put("2", "provider is away"), DefaultConfig()); e.Result != verdict.Unchanged {
		t.Errorf("%+v", e)
	}
	row, e = Apply(row, NewWithdrawal("3", "bob", p.Since+5000, KindTaskPause, "thank"), DefaultConfig())
	p, _ = row.Entity.(TaskPause)
	if e.Result != verdict.Applied || p.Paused || p.Actor != "bob" || e.Line.Action != ActionWithdrawn {
		t.Errorf("%+v %+v", e, p)
	}
	if _, e := Apply(row, NewWithdrawal("4", "bob", p.Since, KindTaskPause, "thank"), DefaultConfig()); e.Result != verdict.Unchanged {
		t.Errorf("%+v", e)
	}
	if _, e := Apply(nil, NewWithdrawal("5", "bob", 1, KindTaskPause, "thank"), DefaultConfig()); e.Result != verdict.Refused {
		t.Errorf("%+v", e)
	}
}

func TestAPauseNamesAKindAndAReason(t *testing.T) {
	for _, p := range []TaskPause{{Name: "Thank", Reason: "r"}, {Name: "thank"}, {Reason: "r"}} {
		if row, e := Apply(nil, NewPut("1", "ann", 1, p), DefaultConfig()); e.Result != verdict.Refused || row.Entity != nil {
			t.Errorf("%+v: %+v", p, e)
		}
	}
}
