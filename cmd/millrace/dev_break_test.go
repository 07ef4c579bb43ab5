package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDevBreak(t *testing.T) {
	elsewhere(t)
	var roles []any
	var got map[string]any
	status, answer := http.StatusOK, `{"mode":"upi","instrument":"sbi","gateway":"payu","begin":"2026-03-01T10:00:00.000Z","end":"2026-03-01T10:03:00.000Z","success":0.2}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		if r.URL.Path == "/v1/dev/token" {
			roles = body["roles"].([]any)
			_, _ = w.Write([]byte(`{"token":"tok"}`))
			return
		}
		if r.Method != http.MethodPost || r.URL.Path != "/v1/dev/break" || r.Header.Get("Authorization") != "Bearer tok" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		got = body
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	defer s.Close()
	out := millrace(t, 0, "dev", "break", "upi/sbi/payu", "--for", "3m", "--success", "0.2", "--server", s.URL).out
	lacks(t, out, "WHAT", "upi/sbi/payu", "10:00:00Z", "10:03:00Z", "20 %")
	want := map[string]any{"mode": "upi", "instrument": "sbi", "gateway": "payu", "for": "3m0s", "success": 0.2}
	if diff := cmp.Diff(want, got); diff != "" || !cmp.Equal(roles, []any{"editor"}) {
		t.Errorf("%v %s", roles, diff)
	}
	lacks(t, millrace(t, 0, "dev", "break", "upi/sbi", "-o", "yaml", "--server", s.URL).out, "instrument: sbi")
	if diff := cmp.Diff(map[string]any{"mode": "upi", "instrument": "sbi", "for": "6m0s", "success": 0.1}, got); diff != "" {
		t.Error(diff)
	}

	status, answer = http.StatusUnprocessableEntity, `{"code":"invalid_field","detail":"the request has an invalid field","errors":[{"pointer":"/instrument","detail":"must be one of sbi, hdfc"}]}`
	lacks(t, millrace(t, 2, "dev", "break", "upi/sbx", "--server", s.URL).errs, "422 invalid_field", "/instrument: must be one of sbi, hdfc")
	status, answer = http.StatusNotFound, "{}"
	lacks(t, millrace(t, 2, "dev", "break", "upi/sbi", "--server", s.URL).errs, "sends no traffic that could break", "--no-traffic")
	for _, what := range []string{"sbi", "upi/", "/sbi", "upi/sbi/", "a/b/c/d"} {
		lacks(t, millrace(t, 2, "dev", "break", what, "--server", s.URL).errs, "is not MODE/INSTRUMENT")
	}
	lacks(t, millrace(t, 2, append([]string{"dev", "break", "upi/sbi"}, nobody()...)...).errs, "no answer from http://127.0.0.1:1")
}
