package streamtest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/millrace/millrace/stream/streamtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func TestScripts(t *testing.T) {
	streamtest.Run(t, "testdata/one/*.txt", toyConfig(1))
}

func TestScriptsOnSeveralPartitions(t *testing.T) {
	streamtest.Run(t, "testdata/three/*.txt", toyConfig(3))
}
