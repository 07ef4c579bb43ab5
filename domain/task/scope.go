package task

// Scope says which events of a trigger are one for Rule.Dedupe.
type Scope string

// The scopes. Each is narrower than those before it in Trigger.Scopes.
const (
	ByUser        Scope = "user"
	ByTransaction Scope = "transaction"
	ByMission     Scope = "mission"
	ByWindow      Scope = "window"    // of a mission
	ByIteration   Scope = "iteration" // of a mission in a window
	ByReward      Scope = "reward"
	ByPlace       Scope = "place"
	ByPlaceState  Scope = "state" // that a place has come to
	ByEvent       Scope = "event"
)

// Scopes returns the scopes of a trigger, the widest first: that of the ordering key. The last one is ByEvent.
func (t Trigger) Scopes() []Scope {
	switch t {
	case PaymentSettled, PaymentReversed:
		return []Scope{ByUser, ByTransaction, ByEvent}
	case MissionCompleted, MissionRevoked:
		return []Scope{ByUser, ByMission, ByWindow, ByIteration, ByEvent}
	case RewardGranted:
		return []Scope{ByUser, ByMission, ByReward, ByEvent}
	case StateChanged:
		return []Scope{ByPlace, ByPlaceState, ByEvent}
	default:
		return nil
	}
}
