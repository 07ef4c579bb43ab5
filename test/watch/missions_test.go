package main

import (
	"testing"
	"time"

	entity "github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
)

// The missions of the run are ones that the catalog takes.
func TestGivenMissionsAreTaken(t *testing.T) {
	list, err := givenMissions(time.Now())
	if err != nil || len(list) != 3 {
		t.Fatalf("%d missions, %v", len(list), err)
	}
	for _, m := range list {
		if _, e := entity.Apply(nil, entity.NewPut("put", "watch", instant.Of(time.Now()), entity.NewMission(m)), entity.DefaultConfig()); e.Result != verdict.Applied {
			t.Errorf("%s: %v", m.ID, e.Problems)
		}
	}
}
