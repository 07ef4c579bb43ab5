package catalog

import (
	"github.com/millrace/millrace/views/serve"
)

// Routes are reads and writes of the catalog's entities: definitions, and what people decide over payment health.
type Routes struct {
	*serve.Kit
	// Index and keys are told of every row of the catalog.
	Index *DefinitionIndex
	Keys  *KeyIndex
	// Missions are those that the definitions belong to.
	Missions missionFinder
	// Commands takes what writes ask for.
	Commands Commands

	claims claims
}

// missionFinder knows the missions by which a list of definitions can be cut down.
type missionFinder interface {
	// AtMerchant tells whether a mission is about a merchant.
	AtMerchant(mission, merchant string) bool
}
