package codecs

import "reflect"

// Form is one form of a JSON value: a struct by which it is written or read. The tags of its fields say what they hold.
type Form = reflect.Type

// Formed is the codec of a JSON topic. Descriptions of the topic are made of the forms of its values: a value has one
// of them.
type Formed interface{ Forms() []Form }

func formOf[T any]() Form { return reflect.TypeFor[T]() }

// Forms returns those of the input contract.
func (Payments) Forms() []Form {
	return []Form{formOf[PaymentEvent](), formOf[ReversalEvent](), formOf[ClockEvent]()}
}

// Forms returns the one that there is.
func (JournalEntry) Forms() []Form { return []Form{formOf[journalRecord]()} }

// Forms returns the one that there is.
func (Outcome) Forms() []Form { return []Form{formOf[outcomeDoc]()} }

// Forms returns the one that there is.
func (Notice) Forms() []Form { return []Form{formOf[noticeDoc]()} }

// Forms returns the one that there is.
func (CatalogEvent) Forms() []Form { return []Form{formOf[catalogEventDoc]()} }

// Forms returns the one that there is.
func (AuditLine) Forms() []Form { return []Form{formOf[auditLineDoc]()} }

// Forms returns those of a window and of a silence.
func (WindowRecord) Forms() []Form { return []Form{formOf[WindowRecordJSON](), formOf[SilenceJSON]()} }

// Forms returns the one that there is.
func (StatusRecord) Forms() []Form { return []Form{formOf[statusJSON]()} }

// Forms returns the one that there is.
func (Downtime) Forms() []Form { return []Form{formOf[DowntimeJSON]()} }

// MissionForm is the form of a mission's definition.
func MissionForm() Form { return formOf[missionDoc]() }

// AskedForm is the form of what commands say besides of a mission.
func AskedForm() Form { return formOf[askedFields]() }
