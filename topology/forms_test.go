package topology_test

import (
	"testing"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/topology"
)

// A worker learns the kind of a record of task-runs without reading it whole.
func TestRunsNameTheirKind(t *testing.T) {
	b, err := topology.New(topology.DefaultConfig()).TaskRuns.Codec.Encode(&task.Run{Task: task.Task{Kind: "tell", Payload: []byte("{}")}})
	if err != nil {
		t.Fatal(err)
	}
	if kind, err := taskcodec.KindOfRun(b); kind != "tell" || err != nil {
		t.Errorf("%q, %v", kind, err)
	}
}

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
