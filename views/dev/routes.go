package dev

import (
	healthviews "github.com/millrace/millrace/views/health"
	missionviews "github.com/millrace/millrace/views/mission"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// Routes are what `millrace dev` alone has.
type Routes struct {
	*serve.Kit
	Health   *healthviews.Routes
	Missions *missionviews.Routes
	// minter, page and breaks are missing in all other deployments.
	Minter *token.Minter
	Page   Board
	Breaks Breaker
}
