package catalog

import (
	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// pauseDocument is a pause as the catalog keeps it and the audit compares it.
type pauseDocument struct {
	Name   string        `json:"kind"`
	Paused bool          `json:"paused"`
	Reason string        `json:"reason"`
	Actor  string        `json:"actor"`
	Since  instant.Milli `json:"since,omitzero"`
}

func readPause(r *doc.Reader, node any) catalog.Entity {
	f := r.Formed("", node, doc.FormOf[pauseDocument]())
	p := catalog.TaskPause{}
	f.Text("kind", &p.Name)
	f.Boolean("paused", &p.Paused)
	f.Text("reason", &p.Reason)
	f.Text("actor", &p.Actor)
	f.Moment("since", &p.Since)
	return p
}
