package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/views/token"
)

// auditEdits are more than any list that a row could keep.
const auditEdits = 300

// flush: an editor who hides one act behind hundreds of others, or writes to the audit itself, hides nothing: every act
// stays, in order, on each server.
func (x *target) flush(t *testing.T) {
	const brand = "/v1/panel/brands/hidden"
	mallory, auditor := x.token("mallory", token.Editor), x.token("vera", token.Viewer)
	put := func(name string, headers ...string) bool {
		got := x.raw(x.addr, request("PUT", brand, mallory, `{"id":"hidden","name":"`+name+`"}`, headers...))
		if got.status != http.StatusOK && got.status != http.StatusTooManyRequests {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		return got.status != http.StatusTooManyRequests
	}
	put("the act")
	var work sync.WaitGroup
	for worker := range 10 {
		work.Go(func() {
			for i := worker; i < auditEdits; i += 10 {
				x.until(func() bool { return put(fmt.Sprint("edit-", i), "If-Match: *") })
			}
		})
	}
	work.Wait()
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		if got := x.raw(x.addr, request(method, "/v1/panel/audit?kind=brand&id=hidden", x.token("root", token.Admin), "{}")); got.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d %s", method, got.status, got.body)
		}
	}
	for _, addr := range []string{x.addr, x.second} {
		lines := x.audit(t, addr, auditor)
		if len(lines) != auditEdits+1 {
			t.Fatalf("%d lines on %s", len(lines), addr)
		}
		for i, line := range lines {
			if line["revision"] != float64(auditEdits+1-i) || line["actor"] != "mallory" || line["verdict"] != "applied" {
				t.Fatalf("line %d on %s: %v", i, addr, line)
			}
		}
		if first := fmt.Sprint(lines[auditEdits]); !strings.Contains(first, "the act") || !strings.Contains(first, "created") {
			t.Errorf("the first line on %s: %s", addr, first)
		}
	}
}

// audit returns all lines of the hidden brand, page by page.
func (x *target) audit(t *testing.T, addr, bearer string) (lines []map[string]any) {
	for cursor := ""; ; {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/v1/panel/audit?kind=brand&id=hidden&limit=70"+cursor, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+bearer)
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		_ = got.Body.Close()
		if err != nil || got.StatusCode != http.StatusOK {
			t.Fatalf("%d %v %s", got.StatusCode, err, body)
		}
		page := x.object(string(body))
		for _, item := range page["items"].([]any) {
			lines = append(lines, item.(map[string]any))
		}
		next, more := page["next_cursor"].(string)
		if !more {
			return lines
		}
		cursor = "&cursor=" + next
	}
}
