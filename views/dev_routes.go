package views

import "github.com/millrace/millrace/views/token"

// devRoutes are what `millrace dev` alone has.
type devRoutes struct {
	*kit
	health   *healthRoutes
	missions *missionRoutes
	// minter, page and breaks are missing in all other deployments.
	minter *token.Minter
	page   Board
	breaks Breaker
}
