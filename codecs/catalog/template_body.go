package catalog

import (
	missioncodec "github.com/millrace/millrace/codecs/mission"
)

// RewardTemplateBody is a reward that missions may name: `reward: {template: id}`.
type RewardTemplateBody struct {
	ID          string                    `json:"id" required:"false" maxLength:"100" doc:"Default: the path's, or a new one"`
	Title       string                    `json:"title,omitempty" maxLength:"200"`
	Description string                    `json:"description,omitempty"`
	Terms       string                    `json:"terms,omitempty"`
	BrandID     string                    `json:"brand_id,omitempty"`
	Currency    string                    `json:"currency,omitempty" doc:"ISO 4217, of the amount; required for cash, and refused for coins and scratch cards. Default: that of the mission"`
	Reward      missioncodec.TemplateGift `json:"reward"`
	Grant       missioncodec.GrantDoc     `json:"grant" required:"false"`
	Debt        string                    `json:"debt" required:"false" enum:"@debt" default:"negative"`
	Status      string                    `json:"status" required:"false" enum:"@definition_status" default:"active"`
}
