package pipeline

import (
	"errors"
	"testing"

	"github.com/millrace/millrace/domain/task"
)

// A process declares each schedule of the deployment under an id that names what it declares.
func TestDeclarations(t *testing.T) {
	kinds := func(cron string) task.Kinds {
		k := task.DefaultKind("sweep")
		k.Schedules = []task.Plan{
			{Name: "a", Spec: task.Spec{Cron: cron, Zone: "UTC"}}, {Name: "b", Spec: task.Spec{Cron: cron, Zone: "UTC"}},
		}
		return task.Kinds{task.DefaultKind("call"), k}
	}
	first, err := declarations(kinds("0 * * * *"), nil)
	if err != nil || len(first) != 2 || first[0].Op != task.OpDeclare || first[0].Kind != "sweep" || first[1].Plan.Name != "b" {
		t.Fatalf("%+v, %v", first, err)
	}
	again, _ := declarations(kinds("0 * * * *"), nil)
	other, _ := declarations(kinds("1 * * * *"), nil)
	if first[0].ID != again[0].ID || first[0].ID == first[1].ID || first[0].ID == other[0].ID {
		t.Errorf("ids %s, again %s, of another plan %s, of another schedule %s", first[0].ID, again[0].ID, other[0].ID, first[1].ID)
	}
	if _, err := declarations(nil, errors.New("a kind is wrong")); err == nil {
		t.Error("settings that are wrong are passed over")
	}
}
