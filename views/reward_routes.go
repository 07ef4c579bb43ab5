package views

import (
	"context"

	"github.com/millrace/millrace/domain/reward"
)

// rewardRoutes are rewards and coins of users.
type rewardRoutes struct {
	*kit
	// commands takes what users, and support for them, ask for.
	commands RewardCommands
}

// RewardCommands hands on what is asked of rewards. Reward returns once the command will not be lost; what became of it
// stands in the user's row.
type RewardCommands interface {
	Reward(ctx context.Context, c *reward.Command) error
}
