package codecs

import (
	"github.com/millrace/millrace/domain/catalog"
)

type brandDoc struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	LogoURL   string   `json:"logo_url,omitempty"`
	Merchants []string `json:"merchants"`
	Status    string   `json:"status"`
}

type adDoc struct {
	ID        string      `json:"id"`
	Title     string      `json:"title"`
	Body      string      `json:"body,omitempty"`
	ImageURL  string      `json:"image_url,omitempty"`
	TargetURL string      `json:"target_url,omitempty"`
	Placement string      `json:"placement"`
	Schedule  scheduleDoc `json:"schedule"`
	TimeZone  string      `json:"time_zone"`
	MissionID string      `json:"mission_id,omitempty"`
	BrandID   string      `json:"brand_id,omitempty"`
	Priority  int64       `json:"priority"`
	Status    string      `json:"status"`
}

type scheduleDoc struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

type poolDoc struct {
	ID          string      `json:"id"`
	Title       string      `json:"title,omitempty"`
	Description string      `json:"description,omitempty"`
	BrandID     string      `json:"brand_id,omitempty"`
	Status      string      `json:"status"`
	Pattern     *patternDoc `json:"code_pattern,omitempty"`
	Codes       codesDoc    `json:"codes"`
}

type patternDoc struct {
	MinLength  int64  `json:"min_length,omitempty"`
	MaxLength  int64  `json:"max_length,omitempty"`
	Alphabet   string `json:"alphabet,omitempty"`
	CheckDigit string `json:"check_digit,omitempty"`
}

func patternForm(p catalog.CodePattern) *patternDoc {
	if p == (catalog.CodePattern{}) {
		return nil
	}
	return &patternDoc{p.MinLength, p.MaxLength, p.Alphabet, p.CheckDigit}
}

// codesDoc is what the catalog knows of a pool's codes.
type codesDoc struct {
	Added  int64  `json:"added"`
	Digest string `json:"last_digest,omitempty"`
}

type templateDoc struct {
	ID          string    `json:"id"`
	Title       string    `json:"title,omitempty"`
	Description string    `json:"description,omitempty"`
	Terms       string    `json:"terms,omitempty"`
	BrandID     string    `json:"brand_id,omitempty"`
	Currency    string    `json:"currency,omitempty"`
	Reward      rewardDoc `json:"reward"`
	Grant       grantDoc  `json:"grant"`
	Debt        string    `json:"debt"`
	Status      string    `json:"status"`
}

// DefinitionJSON returns the canonical JSON of a mission, brand, ad, pool or reward template as ParseEntity reads it, nil for
// other kinds.
func DefinitionJSON(e catalog.Entity) []byte {
	switch e := e.(type) {
	case catalog.Mission:
		m := e.Definition()
		return MissionJSON(&m)
	case catalog.Brand:
		merchants := e.Merchants
		if merchants == nil {
			merchants = []string{}
		}
		return mustJSON(brandDoc{e.BrandID, e.Name, e.LogoURL, merchants, e.State})
	case catalog.Ad:
		return mustJSON(adDoc{
			e.AdID, e.Title, e.Body, e.ImageURL, e.TargetURL, e.Placement, scheduleDoc{e.From, e.To}, e.TimeZone, e.MissionID, e.BrandID,
			e.Priority, e.State,
		})
	case catalog.Pool:
		return mustJSON(poolDoc{e.PoolID, e.Title, e.Description, e.BrandID, e.State, patternForm(e.Pattern), codesDoc{e.Added, e.Digest}})
	case catalog.RewardTemplate:
		return mustJSON(templateDoc{
			e.TemplateID, e.Title, e.Description, e.Terms, e.BrandID, e.Currency, rewardForm(e.Reward), grantForm(e.Grant), e.Debt, e.State,
		})
	default:
		return nil
	}
}

// storedDefinition reads one from an internal record, of the right shape but perhaps against the rules.
func storedDefinition(kind catalog.Kind, b []byte) (catalog.Entity, error) {
	tree, err := parseJSONTree(b)
	if err != nil {
		return nil, err
	}
	r := &treeReader{}
	e := r.entity(kind, tree)
	if e == nil {
		return nil, errEntity
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return e, nil
}
