package views

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/views/token"
)

func TestExplain(t *testing.T) {
	f := filled(t)
	const path = "/v1/panel/users/usr_1/missions/swiggy-500/explain?transaction_id="
	vera := f.token("vera", token.Viewer)
	for transaction, want := range map[string]map[string]any{
		"t1": {"counted": true, "reason": nil, "contribution": 10000.0, "net": 10000.0, "basis": "remembered", "version": 1.0, "user_id": "usr_1", "mission_id": "swiggy-500"},
	} {
		got := f.object(f.ask("GET", path+transaction, vera).Body.Bytes())
		for name, v := range want {
			if got[name] != v {
				t.Errorf("%s: %s is %v, not %v", transaction, name, got[name], v)
			}
		}
	}
	got := f.object(f.ask("GET", path+"t2", vera).Body.Bytes()) // in the user's row alone
	var failed []string
	for _, c := range got["checks"].([]any) {
		if c := c.(map[string]any); c["passed"] != true {
			failed = append(failed, c["check"].(string)+c["pointer"].(string)+": wants "+c["wanted"].(string)+", is "+c["actual"].(string))
		}
	}
	if got["counted"] != false || got["reason"] != "filter" || strings.Join(failed, "; ") != "filter/filters/0: wants at swiggy, is zomato" {
		t.Errorf("%v %v: %v", got["counted"], got["reason"], failed)
	}
	if got["payment"].(map[string]any)["merchant"] != "zomato" {
		t.Errorf("%v", got["payment"])
	}

	// The ledger knows of a payment that progress has not taken in yet, and of one that failed.
	store := func(id string, status payment.Status) {
		p := facts(id, 10000, "swiggy")
		p.CreatedAt = at(time.Hour)
		e := event(id, payment.Payment, p, time.Hour)
		e.Status = status
		row, _ := ledger.Apply(nil, e, 0, ledger.DefaultConfig())
		put(f, f.tables.ledger, f.topology.Ledger, id, row)
	}
	store("new", payment.Success)
	store("bad", payment.Failed)
	if got := f.object(f.ask("GET", path+"new", vera).Body.Bytes()); got["basis"] != "unknown" || got["reason"] != "unknown" || got["counted"] != false || got["net"] != 10000.0 {
		t.Errorf("%v", got)
	}
	if got := f.object(f.ask("GET", path+"bad", vera).Body.Bytes()); got["reason"] != "not_settled" || got["counted"] != false || got["net"] != 0.0 {
		t.Errorf("%v", got)
	}

	f.wantProblem(f.ask("GET", path+"nope", vera), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("GET", strings.Replace(path, "usr_1", "usr_2", 1)+"t1", vera), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("GET", strings.Replace(path, "swiggy-500", "nope", 1)+"t1", vera), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("GET", strings.TrimSuffix(path, "?transaction_id="), vera), http.StatusUnprocessableEntity, "invalid_field")
	f.wantProblem(f.ask("GET", path+"t1", f.token("usr_1", token.User)), http.StatusForbidden, "forbidden")
}
