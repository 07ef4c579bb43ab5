package catalog

import (
	"github.com/millrace/millrace/codecs/doc"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/problem"
)

// openDefinition opens a definition. What the API tells of one besides changes nothing: what was read can be edited and
// written back.
func openDefinition(r *doc.Reader, node any, form doc.Form, besides ...string) doc.Object {
	return r.Formed("", node, form, append(besides, "revision", "created_at", "changed_at", "actor", "as_of")...)
}

func readBrand(r *doc.Reader, node any) catalog.Entity {
	f := openDefinition(r, node, doc.FormOf[BrandBody]())
	b := catalog.Brand{State: catalog.StatusActive}
	f.Text("id", &b.BrandID)
	f.Text("name", &b.Name)
	f.Text("logo_url", &b.LogoURL)
	f.Texts("merchants", &b.Merchants)
	f.Text("status", &b.State)
	return b
}

func readAd(r *doc.Reader, node any) catalog.Entity {
	f := openDefinition(r, node, doc.FormOf[AdBody]())
	a := catalog.Ad{TimeZone: "UTC", State: catalog.StatusActive}
	f.Text("id", &a.AdID)
	f.Text("title", &a.Title)
	f.Text("body", &a.Body)
	f.Text("image_url", &a.ImageURL)
	f.Text("target_url", &a.TargetURL)
	f.Text("placement", &a.Placement)
	f.Text("time_zone", &a.TimeZone)
	f.Text("mission_id", &a.MissionID)
	f.Text("brand_id", &a.BrandID)
	f.Integer("priority", &a.Priority)
	f.Text("status", &a.State)
	schedule := f.Inner("schedule", doc.FormOf[AdSchedule]())
	schedule.Text("from", &a.From)
	schedule.Text("to", &a.To)
	return a
}

func readPool(r *doc.Reader, node any) catalog.Entity {
	f := openDefinition(r, node, doc.FormOf[PoolBody](), "stock")
	p := catalog.Pool{State: catalog.StatusActive}
	f.Text("id", &p.PoolID)
	f.Text("title", &p.Title)
	f.Text("description", &p.Description)
	f.Text("brand_id", &p.BrandID)
	f.Text("status", &p.State)
	pattern := f.Inner("code_pattern", doc.FormOf[CodePattern]())
	readLength(pattern, &p.Pattern)
	pattern.Text("alphabet", &p.Pattern.Alphabet)
	pattern.Text("check_digit", &p.Pattern.CheckDigit)
	codes := f.Inner("codes", doc.FormOf[HandedOn]())
	codes.Integer("added", &p.Added)
	codes.Text("last_digest", &p.Digest)
	return p
}

// readLength reads how long codes are: exactly so, or from and to.
func readLength(f doc.Object, p *catalog.CodePattern) {
	if f.Values["length"] == nil {
		f.Integer("min_length", &p.MinLength)
		f.Integer("max_length", &p.MaxLength)
		return
	}
	for _, other := range []string{"min_length", "max_length"} {
		if f.Values[other] != nil {
			f.Reader.Add(f.At(other), problem.InvalidField,
				"says how long codes are a second time: write length alone, or min_length and max_length")
		}
	}
	var length int64
	f.Integer("length", &length)
	if length == 0 {
		f.Reader.Add(f.At("length"), problem.InvalidField, "must be above 0: leave it out where codes have any length")
	}
	p.MinLength, p.MaxLength = length, length
}

func readRewardTemplate(r *doc.Reader, node any) catalog.Entity {
	f := openDefinition(r, node, doc.FormOf[RewardTemplateBody]())
	t := catalog.NewRewardTemplate()
	f.Text("id", &t.TemplateID)
	f.Text("title", &t.Title)
	f.Text("description", &t.Description)
	f.Text("terms", &t.Terms)
	f.Text("brand_id", &t.BrandID)
	f.Text("currency", &t.Currency)
	f.Text("debt", &t.Debt)
	f.Text("status", &t.State)
	missioncodec.ReadGift(f.Inner("reward", doc.FormOf[missioncodec.TemplateGift]()), &t.Reward, t.Currency)
	missioncodec.ReadGrant(f, &t.Grant)
	return t
}
