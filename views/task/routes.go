package task

import (
	"context"

	"github.com/millrace/millrace/domain/task"
	catalogviews "github.com/millrace/millrace/views/catalog"
	"github.com/millrace/millrace/views/serve"
)

// Routes are tasks, their kinds, and what people do with both.
type Routes struct {
	*serve.Kit
	// Kinds are those of the deployment.
	Kinds task.Kinds
	// Index is told of every row of the table of tasks.
	Index *Index
	// Catalog judges pauses.
	Catalog *catalogviews.Routes
	// Commands takes what people ask of a task.
	Commands Commands
}

// Commands hands on what people ask of tasks. Send returns once the command will not be lost; what became of it stands
// in the row of the ordering key.
type Commands interface {
	Send(ctx context.Context, key string, c *task.Command) error
	// Submit returns once the task will not be lost.
	Submit(ctx context.Context, s *task.Submission) error
}

// Register adds the routes.
func (s *Routes) Register() {
	s.reads()
	s.writes()
	s.kinds()
	s.submits()
}
