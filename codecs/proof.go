package codecs

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/audit"
)

// proofFields are those of a proof, inside commands.
func proofFields(f *wire.Fields, p *audit.Proof) {
	f.Text(1, (*string)(&p.By))
	f.Text(2, &p.Issuer)
	f.Text(3, &p.Role)
}

// noProof is how JSON says audit.Unproved.
const noProof = "none"
