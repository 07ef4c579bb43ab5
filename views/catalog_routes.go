package views

// catalogRoutes are reads and writes of the catalog's entities: definitions, and what people decide over payment health.
type catalogRoutes struct {
	*kit
	// index and keys are told of every row of the catalog.
	index *definitionIndex
	keys  *keyIndex
	// missions are those that the definitions belong to.
	missions missionFinder
	// commands takes what writes ask for.
	commands Commands

	claims claims
}

// missionFinder knows the missions by which a list of definitions can be cut down.
type missionFinder interface {
	// atMerchant tells whether a mission is about a merchant.
	atMerchant(mission, merchant string) bool
}
