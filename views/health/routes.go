package health

import (
	"github.com/millrace/millrace/views/serve"
)

// Routes are payment health: lists, details, reasons, downtimes, and the stream of what happens. New makes them.
type Routes struct {
	*serve.Kit
	// Series and Closing are told of every row of the tables of health and routing.
	Series  *SeriesIndex
	Closing *ModeIndex
	Feed    *Feed

	Listeners     *serve.Seats // of the stream
	modeRows      modeRows
	closedWindows closedWindows
}

// New returns the routes of health, which Register adds.
func New(kit *serve.Kit, series *SeriesIndex, closing *ModeIndex, feed *Feed) *Routes {
	return &Routes{
		Kit: kit, Series: series, Closing: closing, Feed: feed,
		Listeners:     serve.NewSeats(MaxListeners, MaxSubjectListeners),
		modeRows:      modeRows{rows: map[string]decodedMode{}},
		closedWindows: closedWindows{rows: map[string]keptWindow{}},
	}
}
