package views

import (
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/token"
)

// Rows beside a user's have keys with a control character. Whoever may name users, or has such a subject, does not
// reach them on any route.
func TestNoUserIsNamedByAControlCharacter(t *testing.T) {
	f := newFixture(t)
	tried := 0
	f.operations(func(method, path string, _ *huma.Operation) {
		if !strings.HasPrefix(path, "/v1/users/{id}") {
			return
		}
		tried++
		for _, sub := range []string{"shop", "usr_1\x1f0"} {
			bearer := f.token(sub, token.User, token.Service)
			for _, id := range []string{"usr_1%1F0", "usr_1%00", "%20usr_1"} {
				target := strings.NewReplacer("{id}", id, "{rid}", "r", "{mid}", "m", "{sid}", "s").Replace(path)
				change := []func(*http.Request){withKey("k")}
				if method == http.MethodPost && strings.HasSuffix(path, "/spend") {
					change = append(change, withBody(`{"amount":1,"reason":"r"}`))
				} else if strings.HasSuffix(path, "/reverse") {
					change = append(change, withBody(`{"reason":"r"}`))
				}
				if method == http.MethodGet {
					change = nil
				}
				if w := f.ask(method, target, bearer, change...); w.Code != http.StatusNotFound {
					t.Errorf("%s %s as %q: %d %s", method, target, sub, w.Code, w.Body)
				}
			}
		}
	})
	if tried < 8 {
		t.Errorf("%d routes", tried)
	}
}
