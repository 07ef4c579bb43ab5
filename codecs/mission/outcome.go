package mission

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

type outcomeDoc struct {
	Outcome       string        `json:"outcome" enum:"@mission_outcome" doc:"revoked takes back the completion of the same user, mission, window and iteration"`
	UserID        string        `json:"user_id"`
	MissionID     string        `json:"mission_id"`
	Version       int64         `json:"mission_version" doc:"The definition by which it was reached"`
	Iteration     int64         `json:"iteration" doc:"Number of the completion within the user's window, from 1"`
	Window        windowSpanDoc `json:"window"`
	Currency      string        `json:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217"`
	Reward        rewardDoc     `json:"reward" doc:"What it wins, as the definition has it"`
	Grant         GrantDoc      `json:"grant"`
	Limits        limitsDoc     `json:"limits"`
	LimitsVersion int64         `json:"limits_version" doc:"The version that limits were taken from"`
	Debt          string        `json:"debt" enum:"@debt"`
	Progress      int64         `json:"progress" doc:"Where the user stood, in the unit of the goal"`
	TransactionID string        `json:"transaction_id" doc:"The payment that decided"`
	At            instant.Milli `json:"at" format:"date-time" doc:"Event time"`
}

type windowSpanDoc struct {
	Start instant.Milli `json:"start" format:"date-time"`
	End   instant.Milli `json:"end" format:"date-time" doc:"Excluded"`
}

// Outcome is the codec of `outcomes`: JSON, for others to read.
type Outcome struct{}

// Encode returns o as JSON; it never fails.
func (Outcome) Encode(o *mission.Outcome) ([]byte, error) { return OutcomeJSON(o), nil }

// OutcomeJSON is what a task says of a completion or revocation: the record of `outcomes`.
func OutcomeJSON(o *mission.Outcome) []byte {
	return doc.MustJSON(outcomeDoc{
		Outcome: string(o.Kind), UserID: o.UserID, MissionID: o.Mission, Version: o.Version, Iteration: o.Iteration,
		Window: windowSpanDoc{o.WindowStart, o.WindowEnd}, Currency: o.Currency, Reward: rewardForm(o.Reward),
		Grant: GrantOf(o.Grant), Limits: limitsForm(o.Limits), LimitsVersion: o.LimitsOf, Debt: o.Debt,
		Progress:      o.Progress,
		TransactionID: o.TransactionID, At: o.At,
	})
}

// Decode reads what Encode wrote; unknown fields are skipped.
func (Outcome) Decode(b []byte) (*mission.Outcome, error) {
	var d outcomeDoc
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("outcome: %w", err)
	}
	expires, err := parseDuration(d.Reward.ExpiresAfter)
	if err != nil {
		return nil, fmt.Errorf("outcome: reward: %w", err)
	}
	hold, err := parseDuration(d.Grant.Hold)
	if err != nil {
		return nil, fmt.Errorf("outcome: grant: %w", err)
	}
	return &mission.Outcome{
		Kind: mission.OutcomeKind(d.Outcome), UserID: d.UserID, Mission: d.MissionID, Version: d.Version,
		Iteration:   d.Iteration,
		WindowStart: d.Window.Start, WindowEnd: d.Window.End, Currency: d.Currency,
		Reward: mission.Reward{Kind: d.Reward.Kind, Amount: d.Reward.Amount, Pool: d.Reward.Pool,
			ExpiresAfter: expires},
		Grant:  mission.Grant{Mode: d.Grant.Mode, Hold: hold},
		Limits: mission.Limits(d.Limits), LimitsOf: d.LimitsVersion,
		Debt:     d.Debt,
		Progress: d.Progress, TransactionID: d.TransactionID, At: d.At,
	}, nil
}

func parseDuration(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	return time.ParseDuration(s)
}

// Forms returns the one that there is.
func (Outcome) Forms() []doc.Form { return []doc.Form{doc.FormOf[outcomeDoc]()} }
