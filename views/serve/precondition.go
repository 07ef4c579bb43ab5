package serve

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/views/problem"
)

const (
	matchHeader     = "If-Match"
	noneMatchHeader = "If-None-Match"
)

// preconditionHeaders are those of RFC 9110, section 13.1, that say what must hold before something is changed.
func preconditionHeaders() []string { return []string{matchHeader, noneMatchHeader} }

// tagPattern is one entity tag and what may be around it in a list: commas, and nothing between two of them.
var tagPattern = regexp.MustCompile(`^[ \t,]*(W/)?"([\x21\x23-\x7e]*)"[ \t]*(,[ \t,]*|$)`)

// Precondition is what the headers of a write say must hold.
type Precondition struct {
	given bool    // If-Match is there
	any   bool    // If-Match: *
	seen  []int64 // the revisions in If-Match; tags that no revision has are left out
	fresh bool    // If-None-Match: *
}

// Precondition reads the headers, which are well-formed or refused.
func (c Conditions) Precondition(noneMatch string) (Precondition, error) {
	p := Precondition{given: c.IfMatch != "", any: c.IfMatch == "*", fresh: noneMatch != ""}
	if p.fresh && noneMatch != "*" {
		return p, problem.Unreadable("/header/"+noneMatchHeader, "malformed",
			"must be *: to change what is there send its ETag as If-Match")
	}
	for rest := c.IfMatch; rest != "" && !p.any; {
		tag := tagPattern.FindStringSubmatch(rest)
		if tag == nil {
			return p, problem.Unreadable("/header/"+matchHeader, "malformed",
				`must be *, or ETags as they were answered, quotes included: "3"`)
		}
		rest = rest[len(tag[0]):]
		revision, err := strconv.ParseInt(tag[2], 10, 64)
		if weak := tag[1] != ""; err == nil && !weak && revision > 0 && ETag(revision) == `"`+tag[2]+`"` {
			p.seen = append(p.seen, revision)
		}
	}
	return p, nil
}

// Expected returns what a command may find, as far as the row tells. Who would change what is there must say what they
// have seen, unless the command was judged before.
func (p Precondition) Expected(row *catalog.Row, c *catalog.Command) (int64, error) {
	there := row != nil && row.Entity != nil
	_, repeated := row.Verdict(c.ID)
	replaces := c.Op == catalog.Put || c.Op == catalog.Withdraw
	switch {
	case repeated, !there && c.Op != catalog.Put:
		return catalog.ExpectAnything, nil
	case p.given && !p.any && len(p.seen) == 0:
		return 0, problem.New(http.StatusPreconditionFailed, problem.PreconditionFailed,
			"no ETag in If-Match is one that can be there; weak ones never match")
	case p.fresh && (there || p.given):
		return 0, problem.New(http.StatusPreconditionFailed, problem.PreconditionFailed,
			"If-None-Match: * holds where there is nothing yet")
	case p.any:
		return catalog.ExpectSomething, nil
	case p.given && there && slices.Contains(p.seen, row.Revision):
		return row.Revision, nil
	case p.given:
		return slices.Max(p.seen), nil
	case there && replaces:
		return 0, changesWhatIsThere()
	case replaces:
		return catalog.ExpectNothing, nil
	default:
		return catalog.ExpectAnything, nil
	}
}

// Refused turns why the catalog refused a command into the answer. Who has set no condition did not know that there is
// something by now.
func (p Precondition) Refused(v catalog.Verdict) *problem.Problem {
	answer := Refused(v.Problems)
	if answer.Status == http.StatusPreconditionFailed && !p.given && !p.fresh {
		return changesWhatIsThere()
	}
	return answer
}

func changesWhatIsThere() *problem.Problem {
	return problem.New(http.StatusPreconditionRequired, problem.PreconditionRequired,
		"If-Match is needed to change what is there: its ETag, or *")
}

// checkPreconditions refuses preconditions that say nothing, and those that a write does not look at: it would do what
// was to be left undone. Reads look at none: they answer in full.
func checkPreconditions(ctx huma.Context) *problem.Problem {
	op, header := ctx.Operation(), Request(ctx.Context()).Header
	if op.Method == http.MethodGet {
		return nil
	}
	for _, name := range preconditionHeaders() {
		values, sent := header[http.CanonicalHeaderKey(name)]
		declared := slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool {
			return p.In == "header" && p.Name == name
		})
		switch {
		case sent && !declared:
			return problem.Unreadable("/header/"+name, "malformed", "means nothing here: leave it out")
		case sent && strings.TrimSpace(cmp.Or(values...)) == "":
			return problem.Unreadable("/header/"+name, "malformed", "is empty: leave it out, or give it a value")
		}
	}
	return nil
}

// ETag returns the entity tag of a revision.
func ETag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }
