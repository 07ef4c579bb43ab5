package catalog

import (
	"github.com/millrace/millrace/codecs/doc"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
)

func patternForm(p catalog.CodePattern) *CodePattern {
	if p == (catalog.CodePattern{}) {
		return nil
	}
	return &CodePattern{MinLength: p.MinLength, MaxLength: p.MaxLength, Alphabet: p.Alphabet, CheckDigit: p.CheckDigit}
}

// DefinitionJSON returns the canonical JSON of a mission, brand, ad, pool, reward template or pause as ParseEntity
// reads it, nil for other kinds.
func DefinitionJSON(e catalog.Entity) []byte {
	switch e := e.(type) {
	case catalog.Mission:
		m := e.Definition()
		return missioncodec.JSON(&m)
	case catalog.Brand:
		merchants := e.Merchants
		if merchants == nil {
			merchants = []string{}
		}
		return doc.MustJSON(BrandBody{e.BrandID, e.Name, e.LogoURL, merchants, e.State})
	case catalog.Ad:
		return doc.MustJSON(AdBody{
			e.AdID, e.Title, e.Body, e.ImageURL, e.TargetURL, e.Placement, AdSchedule{e.From, e.To}, e.TimeZone,
			e.MissionID, e.BrandID,
			e.Priority, e.State,
		})
	case catalog.Pool:
		return doc.MustJSON(PoolBody{e.PoolID, e.Title, e.Description, e.BrandID, e.State, patternForm(e.Pattern),
			HandedOn{e.Added, e.Digest}})
	case catalog.RewardTemplate:
		return doc.MustJSON(RewardTemplateBody{
			e.TemplateID, e.Title, e.Description, e.Terms, e.BrandID, e.Currency, missioncodec.GiftOf(e.Reward),
			missioncodec.GrantOf(e.Grant), e.Debt, e.State,
		})
	case catalog.TaskPause:
		return doc.MustJSON(pauseDocument{e.Name, e.Paused, e.Reason, e.Actor, e.Since})
	default:
		return nil
	}
}

// storedDefinition reads one from an internal record, of the right shape but perhaps against the rules.
func storedDefinition(kind catalog.Kind, b []byte) (catalog.Entity, error) {
	tree, err := doc.ParseJSON(b)
	if err != nil {
		return nil, err
	}
	r := &doc.Reader{}
	e := readFields(r, kind, tree)
	if e == nil {
		return nil, errEntity
	}
	if len(r.Problems) > 0 {
		return nil, r.Problems
	}
	return e, nil
}
