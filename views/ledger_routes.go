package views

// ledgerRoutes are transactions: what became of them, and what they did for a mission.
type ledgerRoutes struct {
	*kit
	missions *missionRoutes
}
