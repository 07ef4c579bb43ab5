package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/domain/window"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

const at = instant.Milli(1_772_359_200_000)

// keyed is a record of a topic.
type keyed struct {
	key   string
	value []byte
}

func encode[T any](t *testing.T, topic stream.Topic[T], key func(T) string, values ...T) (string, []keyed) {
	t.Helper()
	out := make([]keyed, len(values))
	for i, v := range values {
		b, err := topic.Codec.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = keyed{key(v), b}
	}
	return topic.Name, out
}

// samples returns records of every topic that Millrace writes in JSON, with everything that they may hold and with as
// little as they may.
func samples(t *testing.T, top *topology.Topology) map[string][]keyed {
	t.Helper()
	out := map[string][]keyed{}
	add := func(topic string, values []keyed) { out[topic] = values }
	posted := ledger.Line{Seq: 1, EventID: "e1", Type: payment.Payment, Verdict: ledger.Applied, NetAfter: 550, At: at}
	rejected := ledger.Line{Seq: 2, EventID: "e2", Type: payment.Reversal, Verdict: ledger.Rejected, Reason: payment.OverReversal, NetBefore: 550, NetAfter: 550, At: at}
	add(encode(t, top.Journal, func(e *ledger.JournalEntry) string { return e.TransactionID },
		&ledger.JournalEntry{Line: posted, TransactionID: "t1", UserID: "u1", Currency: "INR"},
		&ledger.JournalEntry{Line: rejected, TransactionID: "t1", UserID: "u1", Currency: "INR"}))
	coins := mission.Outcome{
		Kind: mission.Completed, UserID: "u1", Mission: "m1", Version: 1, Iteration: 1, WindowStart: at, WindowEnd: at.Add(time.Hour), Currency: "INR",
		Reward: mission.Reward{Kind: "coins", Amount: 100}, Grant: mission.Grant{Mode: "auto"}, Limits: mission.Limits{CompletionsPerUser: 1, OverBudget: "reject"}, LimitsOf: 1,
		Debt: "negative", Progress: 70000, At: at, TransactionID: "t1",
	}
	card := coins
	card.Kind, card.Reward, card.Grant, card.Debt = mission.Revoked, mission.Reward{Template: "tpl", Kind: "gift_card", Amount: 5, Pool: "p1", ExpiresAfter: time.Hour}, mission.Grant{Mode: "claim", Hold: time.Hour}, "floor"
	add(encode(t, top.Outcomes, func(o *mission.Outcome) string { return o.Mission }, &coins, &card))
	add(encode(t, top.Notifications, func(n *reward.Notice) string { return n.UserID },
		&reward.Notice{UserID: "u1", RewardID: "rw_1", Mission: "m1", Iteration: 1, Epoch: 1, Kind: "cash", Amount: 6, Currency: "INR", State: reward.Failed, Previous: reward.Granting, Reason: "r", At: at},
		&reward.Notice{UserID: "u1", RewardID: "rw_2", Epoch: 1, Kind: "coins", Amount: 6, State: reward.Reserved, At: at}))
	add(encode(t, top.CatalogEvents, (*catalog.Event).Key,
		&catalog.Event{Verdict: catalog.Verdict{CommandID: "c1", Result: verdict.Applied, Revision: 1, At: at}, Kind: catalog.KindMission, EntityID: "m1", Actor: "ops", Version: 1, Status: "active"},
		&catalog.Event{
			Verdict: catalog.Verdict{CommandID: "c2", Result: verdict.Refused, At: at, Problems: problem.List{{Pointer: "/goal", Code: "invalid_field", Detail: "no"}}},
			Kind:    catalog.KindHealthSetting, EntityID: "upi", Actor: "ops", Repeated: true,
		}))
	line := &audit.Line{
		CommandID: "c1", Kind: "mission", ID: "m1", Actor: "ops", Proof: audit.Proof{By: audit.ByToken, Issuer: "iss", Role: "editor"}, At: at, Reason: "r", Action: "status",
		Result: verdict.Applied, Revision: 2, From: "draft", To: "active", Differences: []audit.Difference{{Pointer: "/id", Before: `"a"`, After: "[1]"}},
	}
	refused := *line
	refused.Proof, refused.Result, refused.Differences = audit.Proof{}, verdict.Refused, nil
	refused.Problems = problem.List{{Pointer: "/id", Code: "invalid_field", Detail: "no"}}
	add(encode(t, top.Audit, (*audit.Line).Key, line, &refused))
	about := *line
	about.Kind, about.ID, about.Action = audit.KindUser, "u1", audit.ActionSegmentsSet
	add(encode(t, top.AuditUsers, func(l *audit.Line) string { return audit.UserKey(l.ID, "progress", l.Revision) }, &about))
	path := health.Path{Mode: "upi", Instrument: "a/b", Gateway: "razorpay"}
	counted := &health.WindowRecord{
		Path: path, Span: window.Span{Start: at, End: at.Add(time.Minute)}, ClosedAt: at.Add(70 * time.Second), Counts: health.Counts{ledger.Succeeded: 90, ledger.FailedTechnical: 5, ledger.FailedBusiness: 5},
		Samples: 100, Eligible: 95, Latency: health.Quantiles{P50: 1, P95: 2, P99: 3, Known: true}, Sources: []health.SourceRange{{Topic: "attempts", First: 10, Last: 120}},
	}
	corrected, empty := *counted, &health.WindowRecord{Path: path, Span: counted.Span, ClosedAt: counted.ClosedAt}
	corrected.Revision = 2
	silent := &health.WindowRecord{Path: path, Span: counted.Span, ClosedAt: counted.ClosedAt, Silent: true}
	windowKey := func(r *health.WindowRecord) string { return r.Key() }
	add(encode(t, top.HealthWindows, windowKey, counted, empty, silent))
	add(encode(t, top.HealthCorrections, windowKey, &corrected))
	down := health.Standing{Mode: "upi", Instrument: "sbi", Gateway: "razorpay", State: health.Down, Score: 0.6312, Scored: true, Samples: 812, Eligible: 790, ForcedUntil: at, Since: at, Reason: "r"}
	bank, mode := down, health.Standing{Mode: "upi", Enabled: true, TrafficPercent: 100, Since: at}
	bank.Gateway, bank.State = "", health.Recovering
	add(encode(t, top.HealthStatus, (*health.StatusRecord).Key,
		&health.StatusRecord{Previous: health.Degraded, WindowEnd: at, Standing: down}, &health.StatusRecord{Previous: health.Probing, WindowEnd: at, Standing: bank},
		&health.StatusRecord{Standing: mode}))
	started := health.Downtime{
		ID: "dt_1", Mode: "upi", Instrument: "sbi", Severity: health.High, Status: health.Started, Begun: true, Begin: at, Cause: health.ByRate, Windows: []instant.Milli{at}, Reason: "r",
	}
	planned := started
	planned.Gateway, planned.Status, planned.End, planned.Cause, planned.By, planned.Windows, planned.Severity = "payu", health.Scheduled, at.Add(time.Hour), health.ByMaintenance, "m1", nil, health.Low
	add(encode(t, top.Downtimes, (*health.Downtime).Key, &started, &planned))
	return out
}

// Every golden value is as its schema says, with no field that the schema does not name; and keys have the parts that
// the topology names.
func TestGoldensFitTheirSchemas(t *testing.T) {
	top := defaultTopology()
	all := samples(t, top)
	for _, spec := range top.Topics() {
		if spec.Format != topology.JSON || spec.Foreign {
			continue
		}
		if len(all[spec.Name]) == 0 {
			t.Errorf("%s: no sample", spec.Name)
		}
		strict := compiled(t, spec.Name, true)
		var lines []byte
		for _, r := range all[spec.Name] {
			if err := strict.Validate(parsed(t, r.value)); err != nil {
				t.Errorf("%s: %s: %v", spec.Name, r.value, err)
			}
			lines = append(append(append(lines, r.key...), '\t'), append(r.value, '\n')...)
			if !slices.ContainsFunc(alternatives(spec.Key), func(parts int) bool { return strings.Count(r.key, "/")+1 == parts }) {
				t.Errorf("%s: a record's key is %s, the topology says %s", spec.Name, r.key, spec.Key)
			}
		}
		path := filepath.Join("testdata", spec.Name+".tsv") // key, value
		if *rewrite {
			if err := os.WriteFile(path, lines, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(path); err != nil || !bytes.Equal(want, lines) {
			t.Errorf("%s differs (%v):\n%s", path, err, lines)
		}
	}
}

// alternatives returns how many parts each form of a key has that a spec names.
func alternatives(key string) []int {
	var out []int
	for _, form := range strings.Split(strings.ReplaceAll(key, " or ", ", "), ", ") {
		out = append(out, strings.Count(form, "/")+1)
	}
	return out
}

func parsed(t *testing.T, b []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// mutant is a golden value with one thing changed.
type mutant struct {
	what  string
	value any
}

// mutants returns v without each of its fields, with another kind of value in each place, and with another word for
// each text.
func mutants(t *testing.T, b []byte) []mutant {
	t.Helper()
	var out []mutant
	var walk func(path string, get func(any) any, set func(root, v any))
	walk = func(path string, get func(any) any, set func(root, v any)) {
		at := get(parsed(t, b))
		change := func(what string, v any) {
			root := parsed(t, b)
			set(root, v)
			out = append(out, mutant{path + " " + what, root})
		}
		switch at := at.(type) {
		case map[string]any:
			change("is a text", "x")
			for name := range at {
				root := parsed(t, b)
				inner, _ := get(root).(map[string]any)
				delete(inner, name)
				out = append(out, mutant{path + "/" + name + " is missing", root})
				walk(path+"/"+name, func(root any) any { return get(root).(map[string]any)[name] }, func(root, v any) { get(root).(map[string]any)[name] = v })
			}
		case []any:
			change("is a text", "x")
			change("is null", nil)
			for i := range at {
				walk(fmt.Sprintf("%s/%d", path, i), func(root any) any { return get(root).([]any)[i] }, func(root, v any) { get(root).([]any)[i] = v })
			}
		case string:
			change("is a number", json.Number("7"))
			change("is another word", "sideways")
		default: // a number, true, false, null
			change("is an object", map[string]any{})
		}
	}
	walk("", func(root any) any { return root }, func(any, any) {})
	return slices.DeleteFunc(out, func(m mutant) bool { return strings.HasPrefix(m.what, " ") })
}

// free are texts that may be any, and left are fields that may be left out.
func free() []string {
	return []string{
		"/transaction_id", "/user_id", "/event_id", "/mission_id", "/reward_id", "/command_id", "/id", "/actor", "/mode", "/instrument", "/gateway", "/reason", "/detail", "/by",
		"/pointer", "/pool", "/template", "/hold", "/expires_after",
	}
}

func left() []string {
	return []string{"/repeated", "/by", "/pool", "/template", "/expires_after", "/reward/amount", "/attempts-0"}
}

// A schema that takes anything would prove nothing: each change of a golden value is refused.
func TestMutatedGoldensDoNotFit(t *testing.T) {
	top := defaultTopology()
	for name, records := range samples(t, top) {
		schema, refused := compiled(t, name, true), 0
		for _, r := range records {
			for _, m := range mutants(t, r.value) {
				if allowed(name, m.what) {
					continue
				}
				if schema.Validate(m.value) == nil {
					b, _ := json.Marshal(m.value) // it was JSON
					t.Errorf("%s: took a value where %s: %s", name, m.what, b)
				}
				refused++
			}
		}
		if refused < 20 {
			t.Errorf("%s: only %d mutants", name, refused)
		}
	}
}

func allowed(topic, what string) bool {
	path, change, _ := strings.Cut(what, " ")
	ends := func(list []string) bool {
		return slices.ContainsFunc(list, func(end string) bool { return strings.HasSuffix(path, end) })
	}
	audited := strings.HasPrefix(topic, "audit")
	switch {
	case audited && strings.HasPrefix(path, "/changes/0/") && !strings.HasSuffix(path, "/pointer"): // of any entity, before and after
		return true
	case audited && change == "is another word" && (strings.HasPrefix(path, "/status_") || strings.HasSuffix(path, "/code") || path == "/proof/issuer"):
		return true
	case audited && change == "is missing" && strings.HasPrefix(path, "/proof/"):
		return path != "/proof/by"
	case change == "is another word":
		return ends(free()) || topic == "catalog-events" && (path == "/status" || strings.HasSuffix(path, "/code"))
	case change == "is missing":
		return ends(left()) || topic == "ledger-journal" && path == "/reason"
	default:
		return false
	}
}
