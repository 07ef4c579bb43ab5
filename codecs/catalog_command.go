package codecs

import (
	"errors"
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

const catalogCommandVersion = 1

// Fields of a catalog command.
const (
	commandID = iota + 1
	commandKind
	commandEntity
	commandOp
	commandActor
	commandAt
	commandExpected
	commandMission      // JSON, as askedJSON writes it
	commandIntervention // as Intervention writes it: an override, maintenance or a freeze
	commandSetting      // as HealthSetting writes it
	commandDefinition   // JSON, as DefinitionJSON writes it: a brand, ad, pool or reward template
	commandReason
	commandCode // one for each
	commandWhen
	commandProof
)

// CatalogCommand is the codec of `catalog-commands`.
type CatalogCommand struct{}

// Encode returns c in binary; it never fails.
func (CatalogCommand) Encode(c *catalog.Command) ([]byte, error) {
	w := wire.NewWriter(catalogCommandVersion, 1024)
	w.String(commandID, c.ID)
	w.String(commandKind, string(c.Kind))
	w.String(commandEntity, c.EntityID)
	w.String(commandOp, string(c.Op))
	w.String(commandActor, c.Actor)
	w.Int(commandAt, int64(c.At))
	w.Int(commandExpected, c.Expected)
	w.String(commandReason, c.Reason)
	w.Int(commandWhen, int64(c.When))
	writeProof(w, commandProof, c.Proof)
	for _, code := range c.Codes {
		w.Element(commandCode, code)
	}
	switch e := c.Entity.(type) {
	case nil:
	case catalog.Mission:
		w.Bytes(commandMission, askedJSON(&e))
	case catalog.HealthSettings:
		for i := range e.Changes {
			w.Bytes(commandSetting, settingBytes(&e.Changes[i]))
		}
	case catalog.Brand, catalog.Ad, catalog.Pool, catalog.RewardTemplate:
		w.Bytes(commandDefinition, DefinitionJSON(e))
	default:
		w.Bytes(commandIntervention, interventionBytes(e))
	}
	return w.B, nil
}

// Decode reads what Encode wrote. A mission that breaks the rules is read as far as it goes, since refusing it is the
// catalog's business; one that is no mission at all is an error.
func (CatalogCommand) Decode(b []byte) (*catalog.Command, error) {
	c := &catalog.Command{}
	var err error
	r := wire.NewReader(string(b), catalogCommandVersion)
	for r.Next() {
		switch r.Number() {
		case commandID:
			c.ID = r.String()
		case commandKind:
			c.Kind = catalog.Kind(r.String())
		case commandEntity:
			c.EntityID = r.String()
		case commandOp:
			c.Op = catalog.Op(r.String())
		case commandActor:
			c.Actor = r.String()
		case commandAt:
			c.At = instant.Milli(r.Int())
		case commandExpected:
			c.Expected = r.Int()
		case commandReason:
			c.Reason = r.String()
		case commandWhen:
			c.When = instant.Milli(r.Int())
		case commandProof:
			c.Proof = readProof(&r)
		case commandCode:
			c.Codes = append(c.Codes, r.String())
		case commandMission:
			c.Entity, err = storedDefinition(catalog.KindMission, r.Bytes())
		case commandIntervention:
			c.Entity, err = storedIntervention(r.Bytes())
		case commandSetting:
			c.Entity, err = withSetting(c.Entity, r.Bytes())
		case commandDefinition: // after the kind
			c.Entity, err = storedDefinition(c.Kind, r.Bytes())
		}
		if err != nil {
			break
		}
	}
	if err = errors.Join(err, r.Err()); err != nil {
		return nil, fmt.Errorf("catalog command: %w", err)
	}
	return c, nil
}

// storedMission reads a mission from an internal record, of the right shape but perhaps against the rules.
func storedMission(b []byte) (mission.Mission, error) {
	tree, err := parseJSONTree(b)
	if err != nil {
		return mission.Mission{}, err
	}
	r := &treeReader{}
	m := r.mission("", tree)
	if len(r.problems) > 0 {
		return mission.Mission{}, r.problems
	}
	return m, nil
}
