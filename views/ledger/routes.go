package ledger

import (
	missionviews "github.com/millrace/millrace/views/mission"
	"github.com/millrace/millrace/views/serve"
)

// Routes are transactions: what became of them, and what they did for a mission.
type Routes struct {
	*serve.Kit
	Missions *missionviews.Routes
}
