package catalog

// BrandBody is who stands behind missions, ads and rewards.
type BrandBody struct {
	ID        string   `json:"id" required:"false" maxLength:"100" doc:"Default: the path's, or a new one"`
	Name      string   `json:"name" maxLength:"200"`
	LogoURL   string   `json:"logo_url,omitempty" format:"uri"`
	Merchants []string `json:"merchants" required:"false" nullable:"false" doc:"Names under which payments reach the brand"`
	Status    string   `json:"status" required:"false" enum:"@definition_status" default:"active"`
}
