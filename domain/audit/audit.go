// Package audit is the form of the audit: one Line for each act of an operator, whoever judges it. Lines are written
// once, in the transaction of what they are about, and never changed.
package audit

import (
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

// The kinds of lines. The others are those of the catalog.
const (
	// KindUser is the kind of what support, or a service, does for one user.
	KindUser = "user"
	// KindDeadLetter is the kind of what operators decide on one dead letter.
	KindDeadLetter = "dead-letter"
	// KindTask is the kind of what operators do to one task.
	KindTask = "task"
)

// The actions on a user. Those on what operators define are the catalog's.
const (
	ActionRewardGiven     = "reward_given"
	ActionRewardCancelled = "reward_cancelled"
	ActionSegmentsSet     = "segments_set"
	ActionCoinsSpent      = "coins_spent"
	ActionSpendReversed   = "spend_reversed"
)

// The actions on a dead letter.
const (
	ActionReplayed  = "replayed"
	ActionDiscarded = "discarded"
	ActionPurged    = "purged"
)

// The actions on a task.
const (
	ActionTaskRetried   = "task_retried"
	ActionTaskSnoozed   = "task_snoozed"
	ActionTaskCancelled = "task_cancelled"
)

// Kinds returns the kinds of lines that are not of the catalog.
func Kinds() []string { return []string{KindUser, KindDeadLetter, KindTask} }

// Actions returns the actions that are not of the catalog.
func Actions() []string {
	return []string{ActionRewardGiven, ActionRewardCancelled, ActionSegmentsSet, ActionCoinsSpent,
		ActionSpendReversed, ActionReplayed, ActionDiscarded, ActionPurged, ActionTaskRetried, ActionTaskSnoozed,
		ActionTaskCancelled}
}

// Line is one act: who asked for what, when and why, and what came of it.
type Line struct {
	CommandID string
	Kind, ID  string // of the entity, user, dead letter or task
	RewardID  string // of an action on a user's reward, whatever came of it
	SpendID   string // of a spend of a user's coins that there is
	Actor     string
	Proof     Proof
	At        instant.Milli // wall time at which the act was judged
	Reason    string        // why, as the actor says
	Action    string        // what was done, or was to be done
	Result    verdict.Result
	Problems  problem.List // of a refused act
	// Revision is that of the entity after the act; of a user or a dead letter it counts lines, of a task
	// runs.
	Revision int64
	From, To string // statuses; From empty: there was nothing
	// Differences are those of the entity's document before and after.
	Differences []Difference
}

// Key returns the record key of a line on what operators define or decide: one entity's lines keep their order.
func (l *Line) Key() string { return l.Kind + "/" + l.ID }

// separator stands between the parts of a user's key, where no id has it.
const separator = "\x1f"

// UserKey returns the record key of line number n that a group writes about a user. Each line has a key of its own, so
// that compaction keeps all of them until the user is erased.
func UserKey(user, group string, n int64) string {
	return user + separator + group + separator + strconv.FormatInt(n, 10)
}

// UserOf returns the user of a UserKey.
func UserOf(key string) string {
	user, _, _ := strings.Cut(key, separator)
	return user
}
