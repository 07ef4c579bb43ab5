package views

// letterRoutes are records that could not be used, and what people decide on them.
type letterRoutes struct {
	*kit
	// index is told of every row of the table of dead letters.
	index   *letterIndex
	records RecordReader
	// commands takes what people decide.
	commands LetterCommands
}
