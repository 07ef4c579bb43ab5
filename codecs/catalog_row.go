package codecs

import (
	"errors"
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

const catalogRowVersion = 3

// Fields of a catalog row and of its messages.
const (
	catalogKind = iota + 1
	catalogEntity
	catalogRevision
	catalogMission // a message of histories, see mission_history.go
	catalogVerdict
	catalogChangedAt
	catalogIntervention // as Intervention writes it: an override, maintenance or a freeze
	catalogSetting      // as HealthSetting writes it, one for each change
	catalogDefinition   // JSON, as DefinitionJSON writes it: a brand, ad, pool or reward template
	catalogCreatedAt
	catalogChangedBy
	catalogApproval // of a mission, behind it: see catalog_approval.go

	verdictCommand  = 1
	verdictResult   = 2
	verdictProblem  = 3
	verdictRevision = 4
	verdictAt       = 5

	problemPointer = 1
	problemCode    = 2
	problemDetail  = 3
)

// CatalogRow is the codec of the catalog table.
type CatalogRow struct{}

// Encode returns row in binary; it never fails.
func (CatalogRow) Encode(row *catalog.Row) ([]byte, error) {
	w := wire.NewWriter(catalogRowVersion, 2048)
	w.String(catalogKind, string(row.Kind))
	w.String(catalogEntity, row.EntityID)
	w.Int(catalogRevision, row.Revision)
	w.Int(catalogCreatedAt, int64(row.CreatedAt))
	w.Int(catalogChangedAt, int64(row.ChangedAt))
	w.String(catalogChangedBy, row.ChangedBy)
	switch e := row.Entity.(type) {
	case nil:
	case catalog.Mission:
		w.Message(catalogMission, func(w *wire.Writer) { writeHistory(w, &e.History) })
		if !e.Approval.IsZero() {
			w.Message(catalogApproval, func(w *wire.Writer) { writeApproval(w, &e.Approval) })
		}
	case catalog.HealthSettings:
		for i := range e.Changes {
			w.Bytes(catalogSetting, settingBytes(&e.Changes[i]))
		}
	case catalog.Brand, catalog.Ad, catalog.Pool, catalog.RewardTemplate:
		w.Bytes(catalogDefinition, DefinitionJSON(e))
	default:
		w.Bytes(catalogIntervention, interventionBytes(e))
	}
	for i := range row.Verdicts {
		w.Message(catalogVerdict, func(w *wire.Writer) { writeCatalogVerdict(w, &row.Verdicts[i]) })
	}
	return w.B, nil
}

func writeCatalogVerdict(w *wire.Writer, v *catalog.Verdict) {
	w.String(verdictCommand, v.CommandID)
	w.String(verdictResult, string(v.Result))
	writeProblems(w, v.Problems)
	w.Int(verdictRevision, v.Revision)
	w.Int(verdictAt, int64(v.At))
}

// Decode reads what Encode wrote.
func (CatalogRow) Decode(b []byte) (*catalog.Row, error) {
	row := &catalog.Row{}
	var errs error
	r := wire.NewReader(string(b), catalogRowVersion)
	for r.Next() {
		switch r.Number() {
		case catalogKind:
			row.Kind = catalog.Kind(r.String())
		case catalogEntity:
			row.EntityID = r.String()
		case catalogRevision:
			row.Revision = r.Int()
		case catalogMission:
			h, err := readHistory(&r)
			row.Entity, errs = catalog.Mission{History: h}, errors.Join(errs, err)
		case catalogApproval:
			m, ok := row.Entity.(catalog.Mission)
			approval, err := readApproval(&r)
			if !ok {
				err = errEntity
			}
			m.Approval = approval
			row.Entity, errs = m, errors.Join(errs, err)
		case catalogCreatedAt:
			row.CreatedAt = instant.Milli(r.Int())
		case catalogChangedAt:
			row.ChangedAt = instant.Milli(r.Int())
		case catalogChangedBy:
			row.ChangedBy = r.String()
		case catalogIntervention:
			e, err := storedIntervention(r.Bytes())
			row.Entity, errs = e, errors.Join(errs, err)
		case catalogSetting:
			e, err := withSetting(row.Entity, r.Bytes())
			row.Entity, errs = e, errors.Join(errs, err)
		case catalogDefinition: // after the kind
			e, err := storedDefinition(row.Kind, r.Bytes())
			row.Entity, errs = e, errors.Join(errs, err)
		case catalogVerdict:
			row.Verdicts = append(row.Verdicts, readCatalogVerdict(&r))
		}
	}
	if err := errors.Join(errs, r.Err()); err != nil {
		return nil, fmt.Errorf("catalog row: %w", err)
	}
	return row, nil
}

func readCatalogVerdict(r *wire.Reader) (v catalog.Verdict) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case verdictCommand:
			v.CommandID = f.String()
		case verdictResult:
			v.Result = catalog.Result(f.String())
		case verdictProblem:
			v.Problems = append(v.Problems, readProblem(&f))
		case verdictRevision:
			v.Revision = f.Int()
		case verdictAt:
			v.At = instant.Milli(f.Int())
		}
	}
	r.Inherit(&f)
	return v
}

// writeProblems writes the problems of a verdict, whoever gave it.
func writeProblems(w *wire.Writer, list problem.List) {
	for _, p := range list {
		w.Message(verdictProblem, func(w *wire.Writer) {
			w.String(problemPointer, p.Pointer)
			w.String(problemCode, p.Code)
			w.String(problemDetail, p.Detail)
		})
	}
}

func readProblem(r *wire.Reader) (p problem.Problem) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case problemPointer:
			p.Pointer = f.String()
		case problemCode:
			p.Code = f.String()
		case problemDetail:
			p.Detail = f.String()
		}
	}
	r.Inherit(&f)
	return p
}
