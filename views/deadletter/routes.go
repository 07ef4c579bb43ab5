package deadletter

import (
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/views/serve"
)

// Routes are records that could not be used, and what people decide on them.
type Routes struct {
	*serve.Kit
	// Index is told of every row of the table of dead letters.
	Index   *Index
	Records RecordReader
	// Commands takes what people decide.
	Commands LetterCommands
	// Kinds are the kinds of tasks that are declared: tasks of others cannot be taken in.
	Kinds task.Kinds

	batches *batches
}
