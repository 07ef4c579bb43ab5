package views

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/views/token"
)

// rewriting tells whether golden files are to be written anew. The flag is streamtest's.
func rewriting() bool { return flag.Lookup("rewrite").Value.String() == "true" }

// TestGolden pins the whole answer of every route, with docs/contract.md#http in mind.
func TestGolden(t *testing.T) {
	f := newFixture(t)
	f.putTransaction()
	f.putMission(swiggy())
	f.putProgress()
	f.putRewards()
	f.putHealth()
	f.putLetter("payments-3-42", payment.Malformed, "intake", time.Second, `{"id":`)
	for name, target := range map[string]string{
		"user-missions": "/v1/users/me/missions",
		"user-mission":  "/v1/users/usr_1/missions/swiggy-500",
		"user-rewards":  "/v1/users/me/rewards",
		"user-reward":   "/v1/users/usr_1/rewards/" + swiggyReward(),
		"user-coins":    "/v1/users/me/coins",
		"health":        "/v1/health?mode=upi",
		"health-detail": "/v1/health/upi/sbi",
		"downtimes":     "/v1/downtimes",
		"health-why":    "/v1/health/upi/sbi/why",
		"health-unseen": "/v1/health/UPI/HDFC",
		"routing":       "/v1/routing/upi/sbi",
		"transaction":   "/v1/panel/transactions/t1",
		"dead-letters":  "/v1/panel/dead-letters",
		"dead-letter":   "/v1/panel/dead-letters/payments-3-42",
		"missions":      "/v1/panel/missions",
		"mission":       "/v1/panel/missions/swiggy-500",
		"readyz":        "/readyz?verbose",
		"livez":         "/livez",
	} {
		t.Run(name, func(t *testing.T) {
			w := f.ask("GET", target, f.token("usr_1", token.User, token.Admin))
			if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
				t.Fatalf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, bytes.TrimSpace(w.Body.Bytes()), "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			path := filepath.Join("testdata", name+".json")
			if rewriting() {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got.Bytes()) {
				t.Errorf("%s differs:\n%s", path, got.Bytes())
			}
		})
	}
}
