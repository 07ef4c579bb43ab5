package ledger

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	missionviews "github.com/millrace/millrace/views/mission"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

// Explanation tells why a payment counted for a user's mission, or did not.
type Explanation struct {
	TransactionID string `json:"transaction_id"`
	UserID        string `json:"user_id"`
	MissionID     string `json:"mission_id"`
	Version       int64  `json:"version" doc:"That the user is in, or was in force when the payment was made"`
	Counted       bool   `json:"counted"`
	// Reason is the first of the contract's reasons that holds.
	Reason       *string        `json:"reason" enum:"@not_counted,unknown" doc:"Why it did not count; unknown: progress has not taken it in yet"`
	Contribution int64          `json:"contribution"`
	Net          int64          `json:"net" doc:"What is left of the payment, minor units"`
	Basis        string         `json:"basis" enum:"remembered,beyond,unknown" doc:"remembered: as the user's progress was counted. beyond: progress remembers the payment no longer, so this is what the rules say of it now. unknown: progress has not taken it in yet, so this is what they will say"`
	Payment      ExplainedFacts `json:"payment"`
	Checks       []ExplainCheck `json:"checks" nullable:"false" doc:"Every condition for itself"`
	AsOf         serve.AsOf     `json:"as_of"`
}

// ExplainedFacts are what filters look at.
type ExplainedFacts struct {
	Amount     int64  `json:"amount" doc:"Gross, minor units"`
	Currency   string `json:"currency"`
	Mode       string `json:"mode"`
	Instrument string `json:"instrument"`
	Gateway    string `json:"gateway"`
	paymentcodec.LabelDoc
	Attributes map[string]string `json:"attributes"`
	CreatedAt  instant.Milli     `json:"created_at" format:"date-time"`
}

// ExplainCheck is one condition and how the payment meets it.
type ExplainCheck struct {
	Check   string         `json:"check" enum:"@condition"`
	Pointer string         `json:"pointer" doc:"Into the mission's definition"`
	Passed  bool           `json:"passed"`
	Wanted  string         `json:"wanted"`
	Actual  *string        `json:"actual" doc:"null where the payment does not have the field"`
	Any     []ExplainCheck `json:"any,omitempty" nullable:"false" doc:"Of a group of filters: its members"`
}

type explainInput struct {
	serve.Fresh
	ID          string `path:"id" maxLength:"1024" doc:"User id"`
	Mission     string `path:"mid" maxLength:"256" doc:"Mission id"`
	Transaction string `query:"transaction_id" required:"true" minLength:"1" maxLength:"1024"`
}

type explainOutput struct{ Body Explanation }

// RegisterExplanations adds the explanations of payments.
func (s *Routes) RegisterExplanations() {
	op := s.Read("explain-mission", "/v1/panel/users/{id}/missions/{mid}/explain", serve.TagPanel,
		"Why a payment did or did not count for a user's mission", serve.PanelAccess())
	huma.Register(s.API, op, s.explain)
}

func (s *Routes) explain(ctx context.Context, in *explainInput) (*explainOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Progress.Holding(in.ID), s.Sources.Ledger.Holding(in.Transaction),
		s.Sources.Catalog.Whole())
	if err != nil {
		return nil, err
	}
	missions := s.Missions.Index.Snapshot()
	plan, ok := missions.Find(in.Mission)
	if !ok {
		return nil, problem.Missing("mission")
	}
	row, err := s.Missions.UserRow(in.ID)
	if err != nil {
		return nil, err
	}
	row = mission.Touch(row, in.ID, missions, s.Config.Missions)
	facts, net, err := s.paymentOf(row, in.ID, in.Transaction)
	if err != nil {
		return nil, err
	}
	e := plan.Explain(row, &facts, net)
	if e.Exact {
		_, net, _ = row.Paid(in.ID, in.Transaction)
	}
	body := Explanation{
		TransactionID: in.Transaction, UserID: in.ID, MissionID: in.Mission, Version: e.Version,
		Counted: e.Reason == mission.Counted,
		Reason:  serve.Optional(string(e.Reason), e.Reason != mission.Counted), Contribution: e.Contribution, Net: net,
		Basis: "beyond", Payment: explainedFacts(&facts),
		Checks: checksOf(e.Checks), AsOf: as.Stamped(missionviews.LastAt(row)),
	}
	switch {
	case e.Exact:
		body.Basis = "remembered"
	case row.Awaits(&facts):
		body.Basis = "unknown"
		if body.Counted || e.Reason == mission.NotEnrolled || e.Reason == mission.AfterHorizon { // it may still enrol
			body.Counted, body.Reason, body.Contribution = false, serve.Optional("unknown", true), 0
		}
	}
	return &explainOutput{body}, nil
}

// paymentOf returns a user's payment with what is left of it: from the ledger, or, where that has forgotten it, from
// the user's row.
func (s *Routes) paymentOf(row *mission.UserRow, user, id string) (payment.Facts, int64, error) {
	transaction, _, err := serve.RowOf(s.Kit, s.Sources.Ledger, s.Config.Topology.Ledger, id)
	if err != nil {
		return payment.Facts{}, 0, err
	}
	if transaction != nil && transaction.Facts.UserID == user {
		return transaction.Facts, transaction.Net(), nil
	}
	if facts, net, ok := row.Paid(user, id); ok {
		return facts, net, nil
	}
	return payment.Facts{}, 0, problem.Missing("payment of this user")
}

func explainedFacts(f *payment.Facts) ExplainedFacts {
	out := ExplainedFacts{
		Amount: f.AmountMinor, Currency: f.Currency, Mode: f.Mode, Instrument: f.Instrument, Gateway: f.Gateway,
		LabelDoc:   paymentcodec.LabelDocOf(&f.Labels),
		Attributes: map[string]string{}, CreatedAt: f.CreatedAt,
	}
	for _, a := range f.Attributes {
		out.Attributes[a.Key] = a.Value
	}
	return out
}

func checksOf(checks []mission.Check) []ExplainCheck {
	out := make([]ExplainCheck, len(checks))
	for i, c := range checks {
		out[i] = ExplainCheck{Check: string(c.Condition), Pointer: c.Pointer, Passed: c.Passed, Wanted: c.Wanted,
			Actual: serve.Optional(c.Actual, !c.Missing)}
		if len(c.Any) > 0 {
			out[i].Any = checksOf(c.Any)
		}
	}
	return out
}
