package streamtest

import (
	"testing"

	"go.uber.org/goleak"
)

// VerifyNoLeaks is a TestMain that fails when goroutines outlive the tests.
func VerifyNoLeaks(m *testing.M) { goleak.VerifyTestMain(m) }
