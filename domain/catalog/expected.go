package catalog

import "github.com/millrace/millrace/domain/problem"

// What Command.Expected may be besides a revision.
const (
	ExpectAnything  int64 = 0  // whatever is there, or nothing
	ExpectNothing   int64 = -1 // there is none yet
	ExpectSomething int64 = -2 // there is one, at whatever revision
)

// unexpected returns why what is there is not what the actor has seen. What can be done to nothing at all is not its
// business: act says so.
func unexpected(row *Row, c *Command) problem.List {
	there := row != nil && row.Entity != nil
	detail := ""
	switch {
	case !there && c.Op != Put, c.Expected == ExpectAnything:
	case c.Expected == ExpectNothing && there:
		detail = "there is such a " + string(c.Kind) + " already"
	case c.Expected != ExpectNothing && !there:
		detail = "there is no such " + string(c.Kind) + " yet"
	case c.Expected > 0 && c.Expected != row.Revision:
		detail = "the " + string(c.Kind) + " has changed since it was read"
	}
	if detail == "" {
		return nil
	}
	return problem.One("", problem.PreconditionFailed, detail)
}
