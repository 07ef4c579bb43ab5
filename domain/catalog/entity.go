package catalog

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// Kind is the kind of an entity. Kinds share one table, so keys begin with it.
type Kind string

// The kinds.
const (
	KindMission       Kind = "mission"
	KindOverride      Kind = "override"
	KindMaintenance   Kind = "maintenance"
	KindFreeze        Kind = "freeze"
	KindHealthSetting Kind = "health-setting"

	KindBrand          Kind = "brand"
	KindAd             Kind = "ad"
	KindPool           Kind = "pool"
	KindRewardTemplate Kind = "reward-template"

	KindTaskPause Kind = "task-pause"
)

// Kinds returns every kind.
func Kinds() []Kind {
	return []Kind{
		KindMission, KindBrand, KindAd, KindPool, KindRewardTemplate, KindOverride, KindMaintenance, KindFreeze,
		KindHealthSetting, KindTaskPause,
	}
}

// Key returns the key of an entity in `catalog-commands`, `catalog-events` and the catalog table.
func Key(kind Kind, id string) string { return string(kind) + "/" + id }

// MissionKey returns the key of a mission.
func MissionKey(id string) string { return Key(KindMission, id) }

// Entity is something that operators define, with what the catalog knows of its past; in a command there is no past
// yet. The set of its types is closed: Mission, Brand, Ad, Pool, RewardTemplate, and of payment health Override,
// Maintenance, Freeze, HealthSettings, and TaskPause.
type Entity interface {
	Kind() Kind
	// ID is unique within the kind.
	ID() string
	// Status is one word for where it stands.
	Status() string
	// Number counts versions, from 1.
	Number() int64

	// normal returns the entity in the one form that all its spellings have.
	normal() Entity
	// validate returns what is wrong with the definition by itself.
	validate(Config) problem.List
	// put returns what comes of current, nil if there is nothing yet, when the command asks for this entity. A Change
	// without an action is none.
	put(current Entity, c *Command, cfg Config) (Entity, Change, problem.List)
	// withdraw returns what is left of this entity when it is taken back.
	withdraw(c *Command) (Entity, Change, problem.List)
}

// Change is what a command did, for the audit.
type Change struct {
	Action   string // one of the audited actions
	From, To string // statuses; From empty: created
}

// The audited actions.
const (
	ActionCreated   = "created"
	ActionStatus    = "status"
	ActionChanged   = "changed"
	ActionWithdrawn = "withdrawn"
	ActionArchived  = "archived"
	// ActionProposed, ActionApproved and ActionRejected are of a mission that needs a second person's approval.
	ActionProposed = "proposed"
	ActionApproved = "approved"
	ActionRejected = "rejected"
	// ActionCodesAdded is of a pool.
	ActionCodesAdded = "codes_added"
)

// Actions returns every audited action of the catalog.
func Actions() []string {
	return []string{
		ActionCreated, ActionStatus, ActionChanged, ActionWithdrawn, ActionArchived, ActionCodesAdded, ActionProposed,
		ActionApproved, ActionRejected,
	}
}

// The statuses of what has no life of its own.
const (
	statusSet       = "set"
	statusWithdrawn = "withdrawn"
)

// InterventionStatuses returns the statuses of what has no life of its own.
func InterventionStatuses() []string { return []string{statusSet, statusWithdrawn} }

func statusOf(until instant.Milli) string {
	if until == 0 {
		return statusWithdrawn
	}
	return statusSet
}

// changeTo returns the change from current to next, which differ.
func changeTo(current, next Entity) Change {
	switch {
	case current == nil:
		return Change{Action: ActionCreated, To: next.Status()}
	case next.Status() == statusWithdrawn:
		return Change{Action: ActionWithdrawn, From: current.Status(), To: next.Status()}
	case next.Status() == StatusArchived && current.Status() != StatusArchived:
		return Change{Action: ActionArchived, From: current.Status(), To: next.Status()}
	default:
		return Change{Action: ActionChanged, From: current.Status(), To: next.Status()}
	}
}
