package codecs

import (
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/problem"
)

// definition opens a definition. What the API tells of one besides changes nothing: what was read can be edited and
// written back.
func (r *treeReader) definition(node any, form Form, besides ...string) fields {
	return r.formed("", node, form, append(besides, "revision", "created_at", "changed_at", "actor", "as_of")...)
}

func (r *treeReader) brand(node any) catalog.Entity {
	f := r.definition(node, formOf[BrandBody]())
	b := catalog.Brand{State: catalog.StatusActive}
	f.text("id", &b.BrandID)
	f.text("name", &b.Name)
	f.text("logo_url", &b.LogoURL)
	f.texts("merchants", &b.Merchants)
	f.text("status", &b.State)
	return b
}

func (r *treeReader) ad(node any) catalog.Entity {
	f := r.definition(node, formOf[AdBody]())
	a := catalog.Ad{TimeZone: "UTC", State: catalog.StatusActive}
	f.text("id", &a.AdID)
	f.text("title", &a.Title)
	f.text("body", &a.Body)
	f.text("image_url", &a.ImageURL)
	f.text("target_url", &a.TargetURL)
	f.text("placement", &a.Placement)
	f.text("time_zone", &a.TimeZone)
	f.text("mission_id", &a.MissionID)
	f.text("brand_id", &a.BrandID)
	f.integer("priority", &a.Priority)
	f.text("status", &a.State)
	schedule := f.inner("schedule", formOf[AdSchedule]())
	schedule.text("from", &a.From)
	schedule.text("to", &a.To)
	return a
}

func (r *treeReader) pool(node any) catalog.Entity {
	f := r.definition(node, formOf[PoolBody](), "stock")
	p := catalog.Pool{State: catalog.StatusActive}
	f.text("id", &p.PoolID)
	f.text("title", &p.Title)
	f.text("description", &p.Description)
	f.text("brand_id", &p.BrandID)
	f.text("status", &p.State)
	pattern := f.inner("code_pattern", formOf[CodePattern]())
	pattern.length(&p.Pattern)
	pattern.text("alphabet", &p.Pattern.Alphabet)
	pattern.text("check_digit", &p.Pattern.CheckDigit)
	codes := f.inner("codes", formOf[HandedOn]())
	codes.integer("added", &p.Added)
	codes.text("last_digest", &p.Digest)
	return p
}

// length reads how long codes are: exactly so, or from and to.
func (f fields) length(p *catalog.CodePattern) {
	if f.values["length"] == nil {
		f.integer("min_length", &p.MinLength)
		f.integer("max_length", &p.MaxLength)
		return
	}
	for _, other := range []string{"min_length", "max_length"} {
		if f.values[other] != nil {
			f.r.add(f.at(other), problem.InvalidField, "says how long codes are a second time: write length alone, or min_length and max_length")
		}
	}
	var length int64
	f.integer("length", &length)
	if length == 0 {
		f.r.add(f.at("length"), problem.InvalidField, "must be above 0: leave it out where codes have any length")
	}
	p.MinLength, p.MaxLength = length, length
}

func (r *treeReader) rewardTemplate(node any) catalog.Entity {
	f := r.definition(node, formOf[RewardTemplateBody]())
	t := catalog.NewRewardTemplate()
	f.text("id", &t.TemplateID)
	f.text("title", &t.Title)
	f.text("description", &t.Description)
	f.text("terms", &t.Terms)
	f.text("brand_id", &t.BrandID)
	f.text("currency", &t.Currency)
	f.text("debt", &t.Debt)
	f.text("status", &t.State)
	f.inner("reward", formOf[TemplateGift]()).gift(&t.Reward, t.Currency)
	f.grant(&t.Grant)
	return t
}
