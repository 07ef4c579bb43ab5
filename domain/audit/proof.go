package audit

// Proof says how whoever took a command in knew its actor. It is the word of whoever writes the topic of commands: that
// is the server alone where Kafka's ACLs say so.
type Proof struct {
	By     ProofBy
	Issuer string // of the token
	Role   string // the highest in the token
}

// The roles in which commands are given, as tokens name them. In RoleApprover and RoleAdmin somebody may approve what a
// second person has to approve.
const (
	RoleUser     = "user"
	RoleService  = "service"
	RoleEditor   = "editor"
	RoleApprover = "approver"
	RoleAdmin    = "admin"
)

// Roles returns every role in which commands are given, the highest first.
func Roles() []string { return []string{RoleAdmin, RoleApprover, RoleEditor, RoleService, RoleUser} }

// Approves reports whether the actor may approve: in a role for it, by a token that the server has checked.
func (p Proof) Approves() bool {
	return p.By == ByToken && (p.Role == RoleApprover || p.Role == RoleAdmin)
}

// ProofBy is a kind of proof.
type ProofBy string

// The kinds of proof.
const (
	// Unproved is of a record that a client of Kafka wrote by itself: the actor is what it says of itself.
	Unproved ProofBy = ""
	// ByToken is of a request with a token that the server has checked.
	ByToken ProofBy = "token"
	// ByTimer is of the catalog itself.
	ByTimer ProofBy = "timer"
)

// Proofs returns every kind of proof but Unproved, which has no word.
func Proofs() []ProofBy { return []ProofBy{ByToken, ByTimer} }
