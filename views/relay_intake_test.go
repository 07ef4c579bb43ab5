package views

import (
	"cmp"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/processors/intake"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

// The relay answers at once what intake will say of the record: the same verdict, reason and detail, of times too.
func TestRelayAndIntakeAgree(t *testing.T) {
	f := newFixture(t)
	top := topology.New(topology.Config{Partitions: 1, Replication: 1})
	h := streamtest.New(t, streamtest.Config{Build: func() streamtest.Processor {
		return streamtest.Processor{Graph: intake.Graph(intake.DefaultConfig(), top, intake.NewMetrics(prometheus.NewRegistry()))}
	}})
	const future = "future_timestamp"
	for name, c := range map[string]struct{ field, value, reason string }{
		"good":                  {"updated_at", `"2026-03-01T10:00:00Z"`, ""},
		"4 min ahead":           {"updated_at", `"2026-03-01T10:04:00Z"`, ""},
		"6 min ahead":           {"updated_at", `"2026-03-01T10:06:00Z"`, future},
		"8 h ahead":             {"updated_at", `"2026-03-01T18:00:00Z"`, future},
		"of 2200":               {"updated_at", `"2200-01-01T00:00:00Z"`, future},
		"end of epoch times":    {"updated_at", `4102444799`, future},
		"created in 2027":       {"created_at", `"2027-03-01T10:00:00Z"`, future},
		"created in 2200":       {"created_at", `"2200-01-01T00:00:00Z"`, future},
		"years old":             {"updated_at", `"2011-03-01T10:00:00Z"`, ""}, // the ledger knows whether it is too_old
		"of 1999":               {"updated_at", `"1999-03-01T10:00:00Z"`, "invalid_field"},
		"a document's date":     {"updated_at", `{"$date":"2026-03-01T10:00:00Z"}`, "invalid_field"},
		"a list":                {"updated_at", `["2026-03-01T10:00:00Z"]`, "invalid_field"},
		"no time":               {"updated_at", `null`, ""},
		"no zone":               {"created_at", `"2026-03-01T10:00:00"`, "invalid_field"},
		"mode that is a number": {"mode", `5`, "invalid_field"},
		"an unknown type":       {"type", `"refund"`, "unknown_type"},
		"a clock of now":        {"type", `"clock","at":"2026-03-01T10:00:00Z"`, ""},
		"a clock of 2200":       {"type", `"clock","at":"2200-01-01T00:00:00Z"`, future},
	} {
		body := `{"id":"e1","transaction_id":"t1","user_id":"u1","amount":5,"currency":"INR","status":"success"`
		if c.field != "type" {
			body += `,"type":"payment"`
		}
		body += `,"` + c.field + `":` + c.value + "}"
		w := f.relay(`{"events":[` + body + `,` + relayEvent("e9", "t9") + `]}`)
		if w.Code != http.StatusAccepted {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		result := f.object(w.Body.Bytes())["results"].([]any)[0].(map[string]any)
		relayed, _ := result["reason"].(string)
		detail := ""
		if relayed != "" {
			detail = result["detail"].(string) + ": " + result["message"].(string)
		}
		before := len(h.Records("dead-letters"))
		h.Consume(streamtest.Message{Topic: "payments", Key: "k", Value: []byte(body), Timestamp: start.Add(10 * time.Millisecond)})
		judged, why := "", ""
		if letters := h.Records("dead-letters"); len(letters) > before {
			for _, x := range letters[len(letters)-1].Headers {
				switch x.Key {
				case stream.HeaderReason:
					judged = string(x.Value)
				case stream.HeaderDetail:
					why = string(x.Value)
				}
			}
		}
		if relayed != judged || judged != c.reason || detail != why {
			t.Errorf("%s: the relay says %q (%s), intake %q (%s), want %q", name, cmp.Or(relayed, "accepted"), detail, cmp.Or(judged, "accepted"), why, c.reason)
		}
		if judged != "" && c.reason != "unknown_type" && !strings.Contains(why, "write ") {
			t.Errorf("%s: %q does not say what to write", name, why)
		}
	}
}
