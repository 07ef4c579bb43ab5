package page

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/millrace/millrace/test/smoke/fleet"
)

// TestMain also makes a process of this binary a broker: what it holds is not in the process that is measured.
func TestMain(m *testing.M) {
	if len(os.Args) != 4 || os.Args[1] != fleet.BrokerCommand {
		os.Exit(m.Run())
	}
	if err := fleet.ServeBroker(os.Args[2], os.Args[3], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// startBroker returns the address of a broker that ends with the benchmark.
func startBroker(b *testing.B) string {
	b.Helper()
	broker, err := fleet.Embedded("", filepath.Join(b.TempDir(), "broker.log"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := broker.Stop(); err != nil {
			b.Error(err)
		}
	})
	return broker.Addrs[0]
}
