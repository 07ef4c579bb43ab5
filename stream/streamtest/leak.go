package streamtest

import (
	"testing"

	"go.uber.org/goleak"
)

// VerifyNoLeaks is a TestMain that fails when goroutines outlive the tests. It overlooks two of sarama's: the one clock of
// its metrics library, and the reader of a connection that was opened while its client was being closed.
func VerifyNoLeaks(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"),
		goleak.IgnoreTopFunction("github.com/IBM/sarama.(*Broker).responseReceiver"))
}
