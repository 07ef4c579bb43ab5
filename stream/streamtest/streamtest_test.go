package streamtest_test

import (
	"testing"

	"github.com/millrace/millrace/stream/streamtest"
)

func TestMain(m *testing.M) { streamtest.VerifyNoLeaks(m) }

func TestScripts(t *testing.T) {
	streamtest.Run(t, "testdata/one/*.txt", toyConfig(1))
}

func TestScriptsOnSeveralPartitions(t *testing.T) {
	streamtest.Run(t, "testdata/three/*.txt", toyConfig(3))
}
