package client

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// needed returns a variable that scripts/api-test sets.
func needed(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run make api-test", name)
	}
	return value
}

// as returns a client with a token of the running server.
func as(t *testing.T, subject string, roles ...string) *ClientWithResponses {
	t.Helper()
	base := needed(t, "API_URL")
	token, err := exec.Command(needed(t, "API_BINARY"), "token", "mint", "--server", base, "--sub", subject, "--role", strings.Join(roles, ",")).Output()
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClientWithResponses(base, WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func payment(t *testing.T, user string, n int) Event {
	t.Helper()
	var made PaymentEvent_UpdatedAt
	must(t, made.FromPaymentEventUpdatedAt1(float64(time.Now().UnixMilli())))
	mode, bank := "upi", "sbi"
	var e Event
	must(t, e.FromPaymentEvent(PaymentEvent{
		Type: Payment, Id: fmt.Sprintf("%s_%d", user, n), TransactionId: fmt.Sprintf("%s_t%d", user, n), UserId: user,
		Amount: 45000, Currency: "INR", Status: PaymentEventStatusSuccess, Mode: &mode, Instrument: &bank, UpdatedAt: &made,
	}))
	return e
}

func TestEvents(t *testing.T) {
	ctx, relay, user := t.Context(), as(t, "relay", "service"), fmt.Sprintf("go_%d", time.Now().UnixNano())
	var one, list RelayBody
	must(t, one.FromEvent(payment(t, user, 1)))
	answer, err := relay.RelayEventsWithResponse(ctx, nil, one)
	must(t, err)
	if answer.JSON202 == nil || answer.JSON202.Accepted != 1 || answer.JSON202.Results[0].Verdict != RelayedResultVerdictAccepted {
		t.Fatalf("one event: %d %s", answer.StatusCode(), answer.Body)
	}
	var clock Event
	var at ClockEvent_At
	must(t, at.FromClockEventAt0(time.Now().UTC()))
	must(t, clock.FromClockEvent(ClockEvent{Type: Clock, At: at}))
	must(t, list.FromEvents(Events{Events: []Event{payment(t, user, 2), clock}}))
	answer, err = relay.RelayEventsWithResponse(ctx, nil, list)
	must(t, err)
	if answer.JSON202 == nil || answer.JSON202.Accepted != 2 {
		t.Fatalf("a list: %d %s", answer.StatusCode(), answer.Body)
	}
}

func TestReads(t *testing.T) {
	ctx, self := t.Context(), as(t, "usr_1", "user")
	missions, err := self.ListUserMissionsWithResponse(ctx, "me", nil)
	must(t, err)
	if missions.JSON200 == nil || len(missions.JSON200.Items) == 0 || missions.JSON200.Items[0].Reward.Kind == "" {
		t.Fatalf("missions: %d %s", missions.StatusCode(), missions.Body)
	}
	rewards, err := self.ListUserRewardsWithResponse(ctx, "me", nil)
	must(t, err)
	if rewards.JSON200 == nil || rewards.JSON200.Items == nil {
		t.Fatalf("rewards: %d %s", rewards.StatusCode(), rewards.Body)
	}
	health, err := as(t, "panel", "health").ListHealthWithResponse(ctx, nil)
	must(t, err)
	if health.JSON200 == nil || health.JSON200.Items == nil {
		t.Fatalf("health: %d %s", health.StatusCode(), health.Body)
	}
}

func TestProblems(t *testing.T) {
	ctx, self := t.Context(), as(t, "usr_1", "user")
	none, err := self.GetUserMissionWithResponse(ctx, "me", "none", nil)
	must(t, err)
	if p := none.ApplicationproblemJSON404; p == nil || p.Code != ProblemCodeNotFound || p.RequestId != none.HTTPResponse.Header.Get("X-Request-Id") {
		t.Errorf("no such mission: %d %s", none.StatusCode(), none.Body)
	}
	refused, err := self.ListMissionsWithResponse(ctx, nil)
	must(t, err)
	if p := refused.ApplicationproblemJSON403; p == nil || p.Code != ProblemCodeForbidden {
		t.Errorf("not for users: %d %s", refused.StatusCode(), refused.Body)
	}
}
