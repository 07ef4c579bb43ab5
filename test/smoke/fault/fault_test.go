package fault

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

func plan(seed uint64) Plan {
	count := map[Kind]int{}
	for _, k := range Kinds() {
		count[k] = 10
	}
	return Plan{Seed: seed, Events: 20_000, Workers: 3, Handlers: 5, Count: count, Points: []string{"here", "there", "nowhere"}, HardBroker: true}
}

func schedule(t *testing.T, p Plan) []Fault {
	t.Helper()
	s, err := p.Schedule()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScheduleIsAFunctionOfThePlan(t *testing.T) {
	a := schedule(t, plan(7))
	for range 20 {
		if b := schedule(t, plan(7)); !reflect.DeepEqual(a, b) {
			t.Fatalf("two schedules of one plan:\n%v\n%v", a, b)
		}
	}
	if b := schedule(t, plan(8)); reflect.DeepEqual(a, b) {
		t.Error("the seed changes nothing")
	}
}

func TestScheduleHoldsWhatIsPlanned(t *testing.T) {
	p := plan(3)
	faults := schedule(t, p)
	if !slices.IsSortedFunc(faults, func(a, b Fault) int { return int(a.After - b.After) }) {
		t.Error("not in order")
	}
	count, workers, handlers, points := map[Kind]int{}, map[int]bool{}, map[int]bool{}, map[string]int{}
	atOnce, handlersAtOnce, replaced, hard := 0, 0, 0, 0
	for _, f := range faults {
		count[f.Kind]++
		of, most := workers, p.Workers
		if f.Kind == Handler {
			of, most = handlers, p.Handlers
			handlersAtOnce += one(f.Hold == 0)
		}
		of[f.Worker] = true
		if f.After < p.Events/20 || f.After > p.Events*19/20 || f.Worker < 0 || f.Worker >= most {
			t.Errorf("%v: out of bounds", f)
		}
		if (f.Kind == Freeze || f.Kind == Scale) && (f.Hold < 15*time.Second || f.Hold >= 23*time.Second) {
			t.Errorf("%v: held for %v", f, f.Hold)
		}
		if f.Kind == Failpoint {
			points[f.Point]++
			if f.Count < 1 {
				t.Errorf("%v: never", f)
			}
		}
		atOnce += one(f.Kind == Kill && f.Hold == 0)
		replaced += one(f.Replace)
		hard += one(f.Hard)
	}
	if !reflect.DeepEqual(count, p.Count) || len(workers) != 3 || len(handlers) < 4 || points["here"] != 4 || points["there"] != 3 || points["nowhere"] != 3 {
		t.Errorf("%v, workers %v, points %v", count, workers, points)
	}
	if atOnce < 5 || handlersAtOnce < 5 || replaced != 5 || hard != 5 {
		t.Errorf("%d kills with a start at once, %d zombies replaced, %d brokers killed; want half of 10 each", atOnce, replaced, hard)
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func TestABrokerThatMustNotBeKilledIsNot(t *testing.T) {
	p := plan(3)
	p.HardBroker = false
	for _, f := range schedule(t, p) {
		if f.Hard {
			t.Error(f)
		}
	}
}

func TestScheduleRefusesAnEmptyRun(t *testing.T) {
	for _, p := range []Plan{{Workers: 1}, {Events: 1}, {Workers: 1, Events: 1, Count: map[Kind]int{Failpoint: 1}}, {Workers: 1, Events: 1, Count: map[Kind]int{Handler: 1}}} {
		if _, err := p.Schedule(); !errors.Is(err, errPlan) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if faults := schedule(t, Plan{Events: 1, Workers: 1}); len(faults) != 0 {
		t.Errorf("%v: nothing was planned", faults)
	}
}
