package views

// healthRoutes are payment health: lists, details, reasons, downtimes, and the stream of what happens.
type healthRoutes struct {
	*kit
	// series and closing are told of every row of the tables of health and routing.
	series  *seriesIndex
	closing *modeIndex
	feed    *Feed

	listeners     *seats // of the stream
	modeRows      modeRows
	closedWindows closedWindows
}
