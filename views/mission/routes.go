package mission

import (
	"context"

	"github.com/millrace/millrace/domain/mission"
	catalogviews "github.com/millrace/millrace/views/catalog"
	rewardviews "github.com/millrace/millrace/views/reward"
	"github.com/millrace/millrace/views/serve"
)

// Routes are missions: as their users see them, and as the panel writes and reads them.
type Routes struct {
	*serve.Kit
	Catalog *catalogviews.Routes
	Rewards *rewardviews.Routes
	// Index is told of every row of the catalog.
	Index *Index
	// Commands takes what users, and support for them, ask for.
	Commands Commands
	// Simulator, where set, lets editors simulate missions.
	Simulator Simulator

	Streams *streams
}

// Commands hands on who takes part in missions. Each method returns once the command will not be lost; what
// became of it stands in the user's row.
type Commands interface {
	Enrol(ctx context.Context, e *mission.Enrolment) error
	Segment(ctx context.Context, s *mission.Segments) error
}
