package views

import (
	"context"

	"github.com/millrace/millrace/domain/mission"
)

// missionRoutes are missions: as their users see them, and as the panel writes and reads them.
type missionRoutes struct {
	*kit
	catalog *catalogRoutes
	rewards *rewardRoutes
	// index is told of every row of the catalog.
	index *missionIndex
	// commands takes what users, and support for them, ask for.
	commands MissionCommands
	// simulator, where set, lets editors simulate missions.
	simulator Simulator

	streams *streams
}

// MissionCommands hands on who takes part in missions. Each method returns once the command will not be lost; what
// became of it stands in the user's row.
type MissionCommands interface {
	Enrol(ctx context.Context, e *mission.Enrolment) error
	Segment(ctx context.Context, s *mission.Segments) error
}

// stop ends the streams.
func (s *missionRoutes) stop() { s.streams.close() }
