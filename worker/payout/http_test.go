package payout_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/millrace/millrace/worker/payout"
	"github.com/millrace/millrace/worker/webhook"
)

// An answer counts for the task that it names. One that names none is that of the call.
func TestAnAnswerToAnotherTaskIsNotTaken(t *testing.T) {
	body := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(body)) // the client may be gone
	}))
	defer server.Close()
	p, err := payout.NewHTTP(webhook.ClientConfig{URL: server.URL, AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	for text, ok := range map[string]bool{
		`{"ok":true}`: true, `{"ok":true,"task_id":"rw_1.1"}`: true, `{"ok":true,"task_id":"rw_2.1"}`: false,
	} {
		body = text
		a, payErr := p.Pay(t.Context(), payout.Request{Task: "rw_1.1"})
		b, backErr := p.TakeBack(t.Context(), payout.Request{Task: "rw_1.1"})
		c, statusErr := p.Status(t.Context(), "rw_1.1")
		for _, got := range []struct {
			payout.Answer
			error
		}{{a, payErr}, {b, backErr}, {c, statusErr}} {
			if got.OK != ok || (got.error == nil) != ok || !ok && !strings.Contains(got.Error(), `task "rw_2.1"`) {
				t.Errorf("%s: %+v, %v", text, got.Answer, got.error)
			}
		}
	}
}
