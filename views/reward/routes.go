package reward

import (
	"context"

	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/views/serve"
)

// Routes are rewards and coins of users.
type Routes struct {
	*serve.Kit
	// Commands takes what users, and support for them, ask for.
	Commands Commands
}

// Commands hands on what is asked of rewards. Reward returns once the command will not be lost; what became of it
// stands in the user's row.
type Commands interface {
	Reward(ctx context.Context, c *reward.Command) error
}
