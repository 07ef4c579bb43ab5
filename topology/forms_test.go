package topology_test

import (
	"testing"

	"github.com/millrace/millrace/topology"
)

// Every JSON topic says what its values look like, and no other one does.
func TestJSONTopicsHaveForms(t *testing.T) {
	top := topology.New(topology.Config{Prefix: "p.", Partitions: 4, Replication: 1})
	forms, found := top.Forms(), 0
	for _, s := range top.Topics() {
		if (s.Format == topology.JSON) != (len(forms[s.Name]) > 0) {
			t.Errorf("%s is %s and has %d forms", s.Name, s.Format, len(forms[s.Name]))
		}
		if s.Format == topology.JSON {
			found++
		}
	}
	if found < 9 || found != len(forms) {
		t.Errorf("%d JSON topics, %d with forms", found, len(forms))
	}
}
