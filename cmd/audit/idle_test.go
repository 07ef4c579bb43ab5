package audit_test

import (
	"testing"
	"time"
)

// Where nothing is paid there is nothing amiss, and the audit says that it has looked: an alert must not fire for a
// quiet night.
func TestAnIdleDeploymentIsChecked(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*years){
		"empty":          func(*years) {},
		"after payments": func(y *years) { y.month() },
	} {
		t.Run(name, func(t *testing.T) {
			before := newDeployment(t)
			first := follow(before)
			prepare(first)
			second := follow(before) // a server that starts on a deployment at rest
			since := time.Now()
			for range 200 {
				<-second.looked
				if state := second.metrics.State(); state.Judged && state.Checked.After(since) {
					return
				}
			}
			t.Errorf("looked 200 times, and never judged: %+v", second.metrics.State())
		})
	}
}
