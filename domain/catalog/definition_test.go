package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

func definitionCommands(id string) map[string]*Command {
	template := NewRewardTemplate()
	template.TemplateID, template.Reward = "t", mission.Reward{Kind: mission.RewardCoins, Amount: 5}
	return map[string]*Command{
		"brand":    NewPut(id, "ops", 1000, Brand{BrandID: "b", Name: " Swiggy ", Merchants: []string{"Swiggy", " swiggy", "insta"}, State: StatusActive}),
		"ad":       NewPut(id, "ops", 1000, Ad{AdID: "a", Title: "T", Placement: " Home", State: StatusDraft}),
		"pool":     NewPut(id, "ops", 1000, Pool{PoolID: "p", State: StatusActive}),
		"template": NewPut(id, "ops", 1000, template),
	}
}

func TestDefinitionsAreMadeAndArchived(t *testing.T) {
	for name, c := range definitionCommands("c1") {
		row, e := Apply(nil, c, DefaultConfig())
		if e.Result != verdict.Applied || row.Revision != 1 || row.CreatedAt != 1000 || e.Line.Action != ActionCreated {
			t.Fatalf("%s: %+v %+v", name, e, row)
		}
		same, e := Apply(row, definitionCommands("c2")[name], DefaultConfig())
		if e.Result != verdict.Unchanged || same.Revision != 1 {
			t.Errorf("%s again: %+v", name, e)
		}
		gone, e := Apply(same, NewWithdrawal("c3", "ops", 2000, c.Kind, c.EntityID), DefaultConfig())
		if e.Result != verdict.Applied || e.Status != StatusArchived || e.Line.Action != ActionArchived || gone.CreatedAt != 1000 {
			t.Errorf("%s archived: %+v", name, e)
		}
		if _, e := Apply(gone, NewWithdrawal("c4", "ops", 3000, c.Kind, c.EntityID), DefaultConfig()); e.Result != verdict.Unchanged {
			t.Errorf("%s archived twice: %+v", name, e)
		}
		if _, e := Apply(gone, definitionCommands("c5")[name], DefaultConfig()); e.Result != verdict.Applied || e.Line.Action != ActionChanged {
			t.Errorf("%s back: %+v", name, e)
		}
	}
}

func TestMerchantsAreWrittenAsEventsHaveThem(t *testing.T) {
	b := definitionCommands("c")["brand"].Entity.(Brand)
	if diff := cmp.Diff([]string{"swiggy", "insta"}, b.Merchants); diff != "" || b.Name != "Swiggy" {
		t.Errorf("%+v %s", b, diff)
	}
}

// A schedule is of local time: on the day on which clocks go forward it is an hour shorter.
func TestSchedule(t *testing.T) {
	a := Ad{From: "2026-03-29", To: "2026-03-30", TimeZone: "Europe/Berlin"}
	from, to, err := a.Schedule()
	if err != nil || from.String() != "2026-03-28T23:00:00.000Z" || to.Sub(from).Hours() != 23 {
		t.Error(from, to, err)
	}
	if from, to, err := (Ad{TimeZone: "UTC"}).Schedule(); from != 0 || to != 0 || err != nil {
		t.Error(from, to, err)
	}
}

// TestTemplatesReadWhatTheyAreGiven: of every kind of reward a template has the currency that its amount can be in, and
// what a mission of the kind would not read is refused.
func TestTemplatesReadWhatTheyAreGiven(t *testing.T) {
	for _, kind := range mission.RewardKinds() {
		in := mission.RewardKindOf(kind)
		for _, tt := range []struct {
			what    string
			change  func(t *RewardTemplate)
			ok      bool
			pointer string
		}{
			{"nothing more", func(*RewardTemplate) {}, !in.Tender, "/currency"},
			{"a currency", func(t *RewardTemplate) { t.Currency = "inr" }, !in.InCoins, "/currency"},
			{"no such currency", func(t *RewardTemplate) { t.Currency = "XYZ" }, false, "/currency"},
			{"a debt", func(t *RewardTemplate) { t.Debt = mission.DebtFloor }, in.InCoins, "/debt"},
			{"a pool", func(t *RewardTemplate) { t.Reward.Pool = "p" }, in.Coded, "/reward/pool"},
			{"an end", func(t *RewardTemplate) { t.Reward.ExpiresAfter = time.Hour }, kind == mission.RewardScratchCard, "/reward/expires_after"},
		} {
			e := NewRewardTemplate()
			e.TemplateID, e.Reward = "t", mission.Reward{Kind: kind, Amount: 500}
			if tt.change(&e); in.Tender && tt.pointer != "/currency" {
				e.Currency = "INR"
			}
			problems := Check(e, DefaultConfig())
			at := func(p problem.Problem) bool { return p.Pointer == tt.pointer }
			if tt.ok != (len(problems) == 0) || !tt.ok && !slices.ContainsFunc(problems, at) {
				t.Errorf("%s of %s: %v", tt.what, kind, problems)
			}
		}
	}
}

// TestTextsHaveNoControls: a text that people read may have lines and tabs, and nothing that steers what shows it.
func TestTextsHaveNoControls(t *testing.T) {
	for text, ok := range map[string]bool{"two\nlines\tand a tab\r\n": true, "नमस्ते 👨‍👩‍👧": true, "a\x00b": false, "\x1b[31mred": false, "a\u0085b": false, "a\x7f": false, "a\u202eb": false, "\u200fعربي": true} {
		m := definition(mission.Draft)
		m.Title, m.Description = "x"+text+"x", text
		for _, e := range []Entity{
			Brand{BrandID: "b", Name: "x" + text + "x", State: StatusActive}, Pool{PoolID: "p", Title: "x" + text + "x", State: StatusActive},
			Ad{AdID: "a", Title: "x" + text + "x", Placement: "home", State: StatusActive}, NewMission(m),
		} {
			if problems := Check(e, DefaultConfig()); ok != (len(problems) == 0) {
				t.Errorf("%T with %q: %v", e, text, problems)
			}
		}
	}
}

func TestBoundsOfDefinitions(t *testing.T) {
	many := make([]string, maxMerchants+1)
	for i := range many {
		many[i] = fmt.Sprint("m", i)
	}
	long := strings.Repeat("x", 5000)
	for want, e := range map[string]Entity{
		"/merchants":                  Brand{BrandID: "b", Name: "n", Merchants: many, State: StatusActive},
		"/merchants/0":                Brand{BrandID: "b", Name: "n", Merchants: []string{" "}, State: StatusActive},
		"/id /name":                   Brand{BrandID: "b/c", Name: long, State: StatusActive},
		"/body":                       Ad{AdID: "a", Title: "t", Body: long, Placement: "home", State: StatusActive},
		"/image_url /target_url":      Ad{AdID: "a", Title: "t", ImageURL: "x.png", TargetURL: "DATA:text/html,x", Placement: "home", State: StatusActive},
		"/mission_id /brand_id":       Ad{AdID: "a", Title: "t", Placement: "home", MissionID: "a b", BrandID: "/", State: StatusActive},
		"/schedule/from /schedule/to": Ad{AdID: "a", Title: "t", Placement: "home", TimeZone: "Europe/Berlin", From: "2026-03-29T02:30", To: "2026-10-25T02:30", State: StatusActive},
		"/title /description":         Pool{PoolID: "p", Title: long, Description: "\xff", State: StatusActive},
		"/status":                     Pool{PoolID: "p", State: "gone"},
		"/terms /reward/kind /debt":   RewardTemplate{TemplateID: "t", Terms: long, Grant: mission.Grant{Mode: mission.GrantAuto}, State: StatusActive},
	} {
		var pointers []string
		for _, p := range Check(e, DefaultConfig()) {
			pointers = append(pointers, p.Pointer)
		}
		if got := strings.Join(pointers, " "); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
