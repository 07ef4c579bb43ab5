package catalog

// AdBody is something shown to users at a place of the app.
type AdBody struct {
	ID        string     `json:"id" required:"false" maxLength:"100" doc:"Default: the path's, or a new one"`
	Title     string     `json:"title" maxLength:"200"`
	Body      string     `json:"body,omitempty"`
	ImageURL  string     `json:"image_url,omitempty" format:"uri"`
	TargetURL string     `json:"target_url,omitempty" format:"uri" doc:"Where a tap leads; default: to the mission"`
	Placement string     `json:"placement" example:"home"`
	Schedule  AdSchedule `json:"schedule" required:"false" doc:"Default: always"`
	TimeZone  string     `json:"time_zone" required:"false" default:"UTC" example:"Asia/Kolkata"`
	MissionID string     `json:"mission_id,omitempty" doc:"Only users who see this mission see the ad; default: everybody"`
	BrandID   string     `json:"brand_id,omitempty"`
	Priority  int64      `json:"priority" required:"false" minimum:"0" maximum:"1000" doc:"The highest is shown first"`
	Status    string     `json:"status" required:"false" enum:"@definition_status" default:"active"`
}

// AdSchedule says when an ad is shown.
type AdSchedule struct {
	From string `json:"from,omitempty" doc:"Local date or time" example:"2026-03-01T18:00"`
	To   string `json:"to,omitempty" doc:"Excluded"`
}
