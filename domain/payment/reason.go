package payment

// Reason is a dead-letter reason code: why an event, or a record made from it, could not be used.
type Reason string

// The closed list of dead-letter reasons (docs/design.md, section 4). Nothing else may appear in the `mr-reason`
// header.
const (
	Malformed            Reason = "malformed"
	TooLarge             Reason = "too_large"
	UnknownType          Reason = "unknown_type"
	InvalidField         Reason = "invalid_field"
	BadSignature         Reason = "bad_signature"
	FutureTimestamp      Reason = "future_timestamp"
	ConflictingDuplicate Reason = "conflicting_duplicate"
	OverReversal         Reason = "over_reversal"
	OrphanReversal       Reason = "orphan_reversal"
	CurrencyMismatch     Reason = "currency_mismatch"
	StatusRegression     Reason = "status_regression"
	TooOld               Reason = "too_old"
	LateBeyondHorizon    Reason = "late_beyond_horizon"
	RowTooLarge          Reason = "row_too_large"
	CallbackPanic        Reason = "callback_panic"
	TaskExhausted        Reason = "task_exhausted"
)

// Reasons returns every reason, in the order of the contract.
func Reasons() []Reason {
	return []Reason{
		Malformed, TooLarge, UnknownType, InvalidField, BadSignature, FutureTimestamp, ConflictingDuplicate,
		OverReversal,
		OrphanReversal, CurrencyMismatch, StatusRegression, TooOld, LateBeyondHorizon, RowTooLarge, CallbackPanic,
		TaskExhausted,
	}
}
