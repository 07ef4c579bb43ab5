package audit

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/audit"
)

// ProofFields are those of a proof, inside commands.
func ProofFields(f *wire.Fields, p *audit.Proof) {
	f.Text(1, (*string)(&p.By))
	f.Text(2, &p.Issuer)
	f.Text(3, &p.Role)
}

// NoProof is how JSON says audit.Unproved.
const NoProof = "none"
