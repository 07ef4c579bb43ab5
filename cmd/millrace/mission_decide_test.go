package main

import (
	"strings"
	"testing"
)

// bigMission gives up to ₹1,000,000.00 in cash.
const bigMission = `- id: big
  title: Big
  currency: INR
  goal: {metric: count, target: 1}
  window: {kind: fixed, from: "2026-03-01", to: "2026-03-08"}
  time_zone: Asia/Kolkata
  reward: {kind: cash, amount: 50000}
  limits: {budget: 100000000}
`

// TestMissionsAreApprovedByTheCommandLine: whoever wrote a mission above the threshold cannot approve it, whatever role
// they take; somebody else can.
func TestMissionsAreApprovedByTheCommandLine(t *testing.T) {
	d := startTour(t)
	elsewhere(t)
	mission := func(status int, args ...string) answer {
		t.Helper()
		return millrace(t, status, append(append([]string{"mission"}, args...), "--server", d.server, "--brokers", d.brokers)...)
	}
	bob := strings.TrimSpace(millrace(t, 0, "token", "mint", "--sub", "bob", "--role", "approver", "--server", d.server).out)
	draft := write(t, "draft.yaml", bigMission)
	refused := mission(1, "apply", "-f", write(t, "active.yaml", bigMission+"  status: active\n"))
	lacks(t, refused.errs, "409 approval_required", "₹100000.00", "status draft", "millrace mission approve")
	lacks(t, mission(0, "apply", "-f", draft).out, "big", "applied", "draft", "note: it cannot become active before somebody else approves it: millrace mission approve big")
	lacks(t, mission(0, "list", "--approval", "waiting").out, "WINDOW", "2026-03-01 to 2026-03-07 Asia/Kolkata", "big", "draft, waits for approval")
	lacks(t, mission(1, "activate", "big").errs, "409 approval_required")
	own := mission(1, "approve", "big")
	lacks(t, own.errs, "big, revision 1", "Its window: 2026-03-01 to 2026-03-07 Asia/Kolkata.", "It needs an approval: more than ₹100000.00", "403 same_person", "the token of somebody else")
	lacks(t, mission(2, "approve", "big", "--revision", "0").errs, "count from 1")
	lacks(t, mission(1, "approve", "none", "--token", bob).errs, `there is no mission "none"`)
	lacks(t, mission(1, "approve", "big", "--revision", "7", "--token", bob).errs, "412 precondition_failed")
	lacks(t, mission(0, "reject", "big", "--reason", "too much", "--token", bob).out, "big", "applied")
	lacks(t, mission(0, "list").out, "draft, rejected")
	lacks(t, mission(0, "apply", "-f", write(t, "less.yaml", strings.Replace(bigMission, "100000000", "90000000", 1))).out, "applied")
	lacks(t, mission(0, "approve", "big", "--revision", "3", "--reason", "agreed", "--token", bob).out, "big", "applied", "draft")
	lacks(t, mission(0, "activate", "big").out, "active")
	raised := mission(0, "apply", "-f", draft)
	lacks(t, mission(1, "approve", "big").errs, "Its window: 2026-03-01 to 2026-03-07 Asia/Kolkata.")
	lacks(t, raised.out, "applied", "active", "note: the change waits, and the version before it stays in force, until somebody else approves it: millrace mission approve big")
	lacks(t, mission(0, "list").out, "active, a change waits for approval")
	lacks(t, mission(0, "apply", "-f", draft).out, "unchanged", "note: the change waits")
	lacks(t, mission(0, "approve", "big", "--token", bob).out, "big", "applied")
	lacks(t, mission(0, "get", "big").out, "2026-03-01 to 2026-03-07 Asia/Kolkata")
	lacks(t, mission(0, "get", "big", "-o", "json").out, `"version": 2`, `"budget": 100000000`, `"actor": "bob"`)
}
