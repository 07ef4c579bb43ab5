package stream

import "github.com/lovoo/goka"

// Visitor gives the group a callback under a name, which the program has the transport call for every row: after a
// change from outside that rows wait for.
func Visitor[Row any](g Group[Row], name string, cb func(*Context[Row])) goka.Edge {
	return goka.Visitor(name, func(gc goka.Context, _ any) { runVisit(gc, &g, Timer{Name: name}, cb) })
}
