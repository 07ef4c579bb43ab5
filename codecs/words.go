package codecs

import (
	"slices"
	"strings"

	auditcodec "github.com/millrace/millrace/codecs/audit"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/domain/word"
)

// vocabulary is a list of words that a field of a form can have.
type vocabulary struct {
	name  string
	words func() []string
}

// vocabularies are all of them: forms and views name one in the tag `enum:"@name"`.
var vocabularies = []vocabulary{
	{"approval", func() []string { return word.Of(catalog.Approvals()...) }},
	{"audit_action", func() []string { return slices.Concat(catalog.Actions(), audit.Actions()) }},
	{"audit_kind", func() []string { return slices.Concat(word.Of(catalog.Kinds()...), audit.Kinds()) }},
	{"catalog_kind", func() []string { return word.Of(catalog.Kinds()...) }},
	{"check_digit", catalog.CheckDigits},
	{"command_role", audit.Roles},
	{"condition", func() []string { return word.Of(mission.AllConditions()...) }},
	{"dead_letter_reason", func() []string { return word.Of(payment.Reasons()...) }},
	{"debt", mission.Debts},
	{"definition_status", catalog.DefinitionStatuses},
	{"downtime_cause", health.Causes},
	{"downtime_severity", health.Severities},
	{"downtime_status", health.DowntimeStatuses},
	{"enrolment", mission.Enrolments},
	{"event_type", payment.Types},
	{"filter_operator", func() []string { return word.Of(mission.Operators()...) }},
	{"forced_state", func() []string { return word.Named(health.Forceable()...) }},
	{"goal_metric", mission.Metrics},
	{"grant_mode", mission.GrantModes},
	{"health_state", func() []string { return word.Named(health.States()...) }},
	{"intervention_status", catalog.InterventionStatuses},
	{"journal_verdict", ledger.Verdicts},
	{"letter_op", func() []string { return word.Of(deadletter.Ops()...) }},
	{"letter_state", deadletter.States},
	{"mission_outcome", func() []string { return word.Of(mission.OutcomeKinds()...) }},
	{"mission_status", func() []string { return word.Of(mission.Statuses()...) }},
	{"not_counted", func() []string { return word.Of(mission.Reasons()...) }},
	{"over_budget", mission.OverBudgets},
	{"payment_status", payment.Statuses},
	{"proof", func() []string { return append(word.Of(audit.Proofs()...), auditcodec.NoProof) }},
	{"recurrence", mission.Recurrences},
	{"reward_kind", mission.RewardKinds},
	{"reward_state", func() []string { return word.Of(reward.States()...) }},
	{"coin_entry", func() []string { return word.Of(reward.EntryKinds()...) }},
	{"task_ending", func() []string { return word.Of(task.Endings()...) }},
	{"task_exhaustion", func() []string { return word.Of(task.Exhaustions()...) }},
	{"task_mode", func() []string { return word.Of(task.Modes()...) }},
	{"task_persist", func() []string { return word.Of(task.Persists()...) }},
	{"task_state", task.ShownStates},
	{"verdict", func() []string { return word.Of(verdict.Results()...) }},
	{"visible_status", func() []string { return word.Of(mission.VisibleStatuses()...) }},
	{"window_kind", mission.WindowKinds},
	{"window_start", mission.WindowStarts},
}

// vocabularyMark begins an entry of an enum tag that stands for a list of words.
const vocabularyMark = "@"

// Words returns the words that an entry of an enum tag stands for: those of a vocabulary for `@name`, else the entry
// itself. Of a vocabulary that nobody knows there are none.
func Words(entry string) []string {
	name, listed := strings.CutPrefix(entry, vocabularyMark)
	if !listed {
		return []string{entry}
	}
	for _, v := range vocabularies {
		if v.name == name {
			return v.words()
		}
	}
	return nil
}
