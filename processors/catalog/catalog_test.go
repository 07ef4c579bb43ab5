package catalog_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/prometheus/client_golang/prometheus"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	healthcodec "github.com/millrace/millrace/codecs/health"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	processor "github.com/millrace/millrace/processors/catalog"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func TestScripts(t *testing.T) {
	registry := prometheus.NewRegistry()
	t.Cleanup(func() { metrictest.Known(t, registry, func(r prometheus.Registerer) { processor.NewMetrics(r) }) })
	streamtest.Run(t, "testdata/*.txt", scriptConfig(registry))
}

func scriptConfig(registry prometheus.Registerer) streamtest.Config {
	t := topology.New(topology.DefaultConfig())
	return streamtest.Config{
		Build: func() streamtest.Processor {
			return streamtest.Processor{Graph: processor.Graph(catalog.DefaultConfig(), t, processor.NewMetrics(registry))}
		},
		Topics: []streamtest.Topic{
			{Name: t.CatalogCommands.Name, Parse: parseCommand},
			{Name: t.Overrides.Name, Format: formatIntervention}, {Name: t.PoolCodes.Name, Format: formatCodes}, {Name: t.HealthSettings.Name, Format: formatSetting},
		},
		Row: formatRow,
	}
}

// parseCommand takes COMMAND-ID TIME EXPECTED-REVISION, then CHANGE…, each change as from=to in the text of a fixed
// mission m; or KIND {JSON}, for all else; or withdraw KIND ID; or codes POOL CODE,…; or move OP MISSION [TIME]; or
// decide approve|reject MISSION ACTOR [ROLE], without a role as a client of Kafka.
func parseCommand(text string) ([]byte, error) {
	words := strings.Fields(text)
	if len(words) > 3 && (words[3] == "withdraw" || words[3] == "codes" || words[3] == "move" || words[3] == "decide" || strings.HasPrefix(words[len(words)-1], "{")) {
		return parseEntityCommand(words)
	}
	// The definition is short, so that the scripts are.
	definition := `{"id":"m","currency":"INR","goal":{"metric":"amount","target":50000},
		"window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-08"},"reward":{"kind":"coins","amount":100},"status":"draft"}`
	for _, change := range words[3:] {
		from, to, _ := strings.Cut(change, "=")
		definition = strings.Replace(definition, from, to, 1)
	}
	e, err := catalogcodec.ParseEntity(catalog.KindMission, []byte(definition), "", catalog.DefaultConfig())
	if err != nil {
		return nil, err
	}
	var at instant.Milli
	if err := at.UnmarshalText([]byte(words[1])); err != nil {
		return nil, err
	}
	c := catalog.NewPut(words[0], "ops", at, e)
	if c.Expected, err = strconv.ParseInt(words[2], 10, 64); err != nil {
		return nil, err
	}
	if words[0] == "bad" { // past the checks of the command line
		broken := e.(catalog.Mission)
		broken.Versions[0].Mission.Goal.Target = 0
		c.Entity = broken
	}
	return catalogcodec.Command{}.Encode(c)
}

func parseEntityCommand(words []string) ([]byte, error) {
	var at instant.Milli
	if err := at.UnmarshalText([]byte(words[1])); err != nil {
		return nil, err
	}
	expected, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return nil, err
	}
	switch words[3] {
	case "codes":
		return catalogcodec.Command{}.Encode(catalog.NewCodes(words[0], "ops", at, words[4], strings.Split(words[5], ",")))
	case "move":
		var when instant.Milli
		if err := when.UnmarshalText([]byte(strings.Join(words[6:], ""))); err != nil {
			return nil, err
		}
		return catalogcodec.Command{}.Encode(catalog.NewMove(words[0], "ops", at, catalog.Op(words[4]), words[5], when))
	case "decide":
		c := catalog.NewDecision(words[0], words[6], at, catalog.Op(words[4]), words[5], expected)
		c.Reason = "because"
		if len(words) > 7 {
			c.Proof = audit.Proof{By: audit.ByToken, Issuer: "iss", Role: words[7]}
		}
		return catalogcodec.Command{}.Encode(c)
	case "withdraw":
		c := catalog.NewWithdrawal(words[0], "ops", at, catalog.Kind(words[4]), words[5])
		c.Expected = expected
		return catalogcodec.Command{}.Encode(c)
	}
	e, err := catalogcodec.ParseEntity(catalog.Kind(words[3]), []byte(words[4]), "", catalog.DefaultConfig())
	if err != nil {
		return nil, err
	}
	c := catalog.NewPut(words[0], "ops", at, e)
	c.Expected = expected
	return catalogcodec.Command{}.Encode(c)
}

func formatIntervention(b []byte) string {
	i, err := healthcodec.Intervention{}.Decode(b)
	switch {
	case err != nil:
		return err.Error()
	case i.Override != nil:
		return fmt.Sprintf("override %+v", *i.Override)
	case i.Maintenance != nil:
		return fmt.Sprintf("maintenance %+v", *i.Maintenance)
	default:
		return fmt.Sprintf("freeze %+v", *i.Freeze)
	}
}

func formatSetting(b []byte) string {
	s, err := healthcodec.Setting{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%+v", *s)
}

func formatRow(b []byte) string {
	row, err := catalogcodec.Row{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	out := fmt.Sprintf("revision %d, %d verdicts", row.Revision, len(row.Verdicts))
	if v, ok := row.Mission(); ok {
		out += fmt.Sprintf("; version %d %s activated=%v", v.Latest().Number, v.Status, v.Activated)
		for _, p := range v.Pauses {
			out += fmt.Sprintf(" paused %s to %s", p.From, p.To)
		}
		for _, version := range v.Versions[1:] {
			out += fmt.Sprintf(" v%d from %s", version.Number, version.From)
		}
		if v.ScheduledAt != 0 {
			out += " at " + v.ScheduledAt.String()
		}
		if v.EndedAt != 0 {
			out += " ended " + v.EndedAt.String()
		}
		out += formatApproval(row)
	} else if row.Entity != nil {
		out += "; " + row.Entity.Status()
	}
	return out
}

// formatApproval leaves out what needs no approval.
func formatApproval(row *catalog.Row) string {
	m, _ := row.Entity.(catalog.Mission)
	r := m.Review()
	state := r.State(catalog.DefaultThresholds())
	if state == catalog.ApprovalNotNeeded {
		return ""
	}
	out := fmt.Sprintf(" approval %s of %s, costs %v", state, strings.Join(r.Writers(), ","), r.Costs)
	if r.Proposal != nil {
		out += ", with a proposal"
	}
	return out
}

func formatCodes(b []byte) string {
	c, err := rewardcodec.PoolCodes{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%+v", *c)
}
