package model

import (
	"fmt"
	"slices"
	"strings"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/instant"
)

// Annals keep what earlier versions of the rewards table said that its last one has forgotten: verdicts on commands, of
// which a row has the last 16, and gift codes that users could see. It is far less than the versions themselves.
type Annals struct {
	verdicts map[string]ruling          // by command
	shown    map[string]map[string]bool // codes, by reward
	problems []string
}

// ruling is the verdict on a command.
type ruling struct {
	user, result string
	missing      bool // refused, since there is no such reward
	at           instant.Milli
}

// NewAnnals returns annals of nothing.
func NewAnnals() *Annals {
	return &Annals{verdicts: map[string]ruling{}, shown: map[string]map[string]bool{}}
}

// RewardsRow takes a version of a row. Those of one row must come in their order.
func (a *Annals) RewardsRow(key string, value []byte) error {
	if value == nil || strings.Contains(key, "\x1f") { // pages have neither
		return nil
	}
	row, err := rewardcodec.Row{}.Decode(value)
	if err != nil {
		return err
	}
	here := map[string]bool{}
	for _, v := range row.Verdicts {
		next := ruling{key, string(v.Result), v.Problems.Has("not_found"), v.At}
		if last, known := a.verdicts[v.CommandID]; here[v.CommandID] || known && last != next {
			a.problem("command %s: verdict %+v, and another: %+v", v.CommandID, last, next)
		}
		here[v.CommandID], a.verdicts[v.CommandID] = true, next
	}
	for _, r := range row.Rewards {
		code := r.Shown()
		switch {
		case code == "":
		case a.shown[r.ID] == nil:
			a.shown[r.ID] = map[string]bool{code: true}
		default:
			a.shown[r.ID][code] = true
		}
	}
	return nil
}

func (a *Annals) problem(format string, args ...any) {
	if p := fmt.Sprintf(format, args...); !slices.Contains(a.problems, p) {
		a.problems = append(a.problems, p)
	}
}

// Verdict returns the verdict on a command: applied, unchanged, refused, or missing if it was refused since there was
// no such reward; empty if there is none.
func (a *Annals) Verdict(command string) string {
	if v := a.verdicts[command]; !v.missing {
		return v.result
	}
	return "missing"
}
