package watermark

// source derives the event time of one partition of an own topic, and tells whether it is idle.
type source struct {
	config Config

	time  int64 // largest event time
	seen  int64 // wall time of the last record
	quiet int64 // wall time of the first empty fetch at the end since then, in a row without gaps
	empty int64 // wall time of the last one of that row
	idle  bool
}

// newSource returns a source that has seen nothing. The config must be valid.
func newSource(c Config) *source {
	return &source{config: c, time: None, seen: None, quiet: None, empty: None}
}

// Wake tells that records were fetched: the source is not idle, whatever is in them.
func (s *source) Wake(wall int64) { s.seen, s.quiet, s.empty, s.idle = wall, None, None, false }

// Seen applies the event time of a record. It returns false if that is too far in the future to be believed: the
// record wakes the source, but does not move it.
func (s *source) Seen(at, wall int64) bool {
	s.Wake(wall)
	future := s.config.MaxFuture.Milliseconds()
	if !valid(at) || s.config.MaxFuture >= 0 && at > wall+future {
		return false
	}
	s.time = max(s.time, at)
	return true
}

// Empty applies a fetch without records. A source becomes idle by such fetches alone, and only at the end of its
// partition: at once if it never had a record, else when they have gone on for Config.IdleAfter.
func (s *source) Empty(atEnd bool, wall int64) {
	s.Tick(wall)
	if !atEnd {
		s.quiet, s.empty, s.idle = None, None, false
		return
	}
	if s.quiet == None {
		s.quiet = wall
	}
	s.empty = wall
	s.idle = s.seen == None || wall-s.quiet >= s.config.IdleAfter.Milliseconds()
}

// Tick applies the wall time. After a gap in the fetches nobody knows what waits to be read, and the source is no
// longer idle.
func (s *source) Tick(wall int64) {
	patience := s.config.Patience.Milliseconds()
	// a clock that was set counts anew, too
	if s.quiet != None && (wall-s.empty > patience || s.empty-wall > patience) {
		s.quiet, s.empty, s.idle = None, None, false
	}
}

// Report returns what the source has to say, as the only source of its topic.
func (s *source) Report() Record {
	r := Record{Sources: 1, Time: s.time, Idle: s.idle}
	if s.time != None {
		r.Time = max(minTime, s.time-s.config.OutOfOrderness.Milliseconds())
	}
	if s.idle && s.time != None {
		every := s.config.Every.Milliseconds()
		r.Elapsed = max(0, min(s.empty-s.seen, maxTime)) / every * every
	}
	return r
}
