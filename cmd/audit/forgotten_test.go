package audit_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/audit"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/traffic"
)

const own = `[{"id":"own","title":"Own","currency":"INR","goal":{"metric":"count","target":5},"filters":[],
 "window":{"kind":"per_user","duration":"2h","start":"first_payment"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":1},"limits":{"completions_per_user":7},"status":"active"},
{"id":"joined","title":"Joined","currency":"INR","goal":{"metric":"count","target":5},"filters":[],"enrolment":"opt_in",
 "window":{"kind":"fixed","from":"2026-02-28","to":"2026-03-02"},"time_zone":"Asia/Kolkata",
 "reward":{"kind":"coins","amount":1},"limits":{"completions_per_user":7},"status":"active"}]`

// pay sends traffic of three users, many payments each, and returns when it is handled. User 1 asks for the second
// mission.
func (d *deployment) pay() {
	d.t.Helper()
	d.Missions(own)
	c := traffic.DefaultConfig()
	c.Seed, c.Rate, c.Flat, c.Count = 5, 6, true, 2_000
	c.From = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	c.Users, c.Merchants, c.RefundWithin, c.Refunds, c.Late, c.LateBy = 3, 50, 3*time.Minute, 0.1, 0.03, 3*time.Hour
	g, err := traffic.New(c)
	d.Check(err)
	for i := int64(0); ; i++ {
		r, ok := g.Next()
		if !ok {
			break
		}
		d.Check(d.Feed.Send(d.t.Context(), r.Value))
		if i == c.Count/2 {
			d.Check(d.Feed.Flush(d.t.Context()))
			d.Rest()
			e := &mission.Enrolment{ID: "e", Op: mission.Enrol, UserID: "usr_1", Mission: "joined", Actor: "usr_1", At: instant.Of(c.From)}
			value, err := missioncodec.Enrolment{}.Encode(e)
			d.Check(err)
			d.Put(d.Topology.Enrolments.Name, "usr_1", value)
			d.Rest() // so that it has a commit of its own
		}
	}
	d.Check(d.Feed.Advance(d.t.Context(), 20*time.Minute))
	d.Rest()
}

// forgeUser adds to what one user's row counts, of those that have forgotten payments, and returns the user.
func (d *deployment) forgeUser() string {
	d.t.Helper()
	user := d.last(string(d.Topology.Progress.Table()), func(r *kgo.Record) bool {
		row, err := missioncodec.UserRow{}.Decode(r.Value)
		return err == nil && row.Frontier != (mission.Mark{})
	})
	row, err := missioncodec.UserRow{}.Decode(user.Value)
	d.Check(err)
	row.States[0].Tallies[0].Settled = row.States[0].Tallies[0].Settled.Add(1)
	value, err := missioncodec.UserRow{}.Encode(row)
	d.Check(err)
	d.Put(user.Topic, string(user.Key), value)
	return string(user.Key)
}

// Rows that do not remember all their payments are judged by what they forgot.
func TestRowsThatForgotAreJudged(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.pay()
	checks := d.verify()
	d.wrong(checks, "", "")
	if n := checks[audit.Progress].LeftOut; n > 0 {
		t.Errorf("%d users are left out", n)
	}
	user := d.forgeUser()
	d.wrong(d.verify(), audit.Progress, "", "user "+user, "its postings make")
}

// A deployment whose first payments come at once after its missions, as in dev, is judged as a whole: rows say which
// missions their partition knew.
func TestFreshDeploymentIsJudged(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.pay()
	c := d.config()
	c.Lead = 0 // the default, 10 s, in which all payments came
	report, err := audit.Verify(t.Context(), c)
	d.Check(err)
	for _, check := range report.Checks {
		if !check.OK || check.LeftOut > 0 || len(check.LeftOutWhy) > 0 {
			t.Errorf("%s: %d users are left out (%q), evidence %q", check.Name, check.LeftOut, check.LeftOutWhy, check.Evidence)
		}
	}
	user := d.forgeUser()
	report, err = audit.Verify(t.Context(), c)
	d.Check(err)
	d.wrong(byName(report), audit.Progress, "", "user "+user, "its postings make")
}

func byName(r audit.Report) map[string]audit.Check {
	checks := map[string]audit.Check{}
	for _, c := range r.Checks {
		checks[c.Name] = c
	}
	return checks
}
