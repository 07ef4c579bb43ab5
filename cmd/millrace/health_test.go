package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// The answer of a server, as package views pins it.
func TestHealthWhy(t *testing.T) {
	body, err := os.ReadFile("../../views/testdata/health-why.json")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer tok" || r.URL.EscapedPath() != "/v1/health/upi/sbi%2Fx/why" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"code":"not_found"}`))
			return
		}
		_, _ = w.Write(body)
	}))
	defer s.Close()
	got := millrace(t, 0, "health", "why", "upi", "sbi/x", "--server", s.URL, "--token", "tok")
	want := []string{
		"WHAT STATE TRAFFIC AS OF RATE OF WHY",
		"upi/sbi/x degraded 100 % 2026-03-01T10:02:00.000Z technical rate below 0.85",
		"decided by 2026-03-01T10:02:00.000Z 0.7594 120",
		"latest 2026-03-01T10:03:00.000Z 0.6798 180",
		"upi/sbi/x/payu down 0 % 2026-03-01T10:03:00.000Z technical rate below 0.70 in 2 windows",
		"thresholds degraded below 0.85, down below 0.7 in 2, up after 3, at least 20 eligible",
	}
	var lines strings.Builder
	for line := range strings.Lines(got.out) {
		lines.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	lacks(t, lines.String(), want...)
	got = millrace(t, 0, "health", "why", "upi", "sbi/x", "--server", s.URL, "--token", "tok", "-o", "json")
	lacks(t, got.out, `"automatic_state": "down"`, `"source_offsets"`)
	got = millrace(t, 1, "health", "why", "upi", "nobody", "--server", s.URL, "--token", "tok")
	lacks(t, got.errs, `no instrument "nobody"`)
}
