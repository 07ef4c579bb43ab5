// Package crowd measures what a posting costs the whole progress group, on the engine, where there are many missions,
// beside what it costs where there are few.
package crowd
