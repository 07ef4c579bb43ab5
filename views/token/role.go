package token

import (
	"slices"
	"time"
)

// Role is what a token's holder may do (docs/contract.md#tokens-and-roles).
type Role string

// The roles. Viewer, editor, approver and admin are the panel's, each including the ones before it.
const (
	User     Role = "user"
	Health   Role = "health"
	Viewer   Role = "viewer"
	Editor   Role = "editor"
	Approver Role = "approver"
	Admin    Role = "admin"
	Service  Role = "service"
)

// Roles returns every role.
func Roles() []Role { return []Role{User, Health, Viewer, Editor, Approver, Admin, Service} }

// Known tells whether r is one of Roles.
func (r Role) Known() bool { return slices.Contains(Roles(), r) }

// Identity is whom a valid token speaks for.
type Identity struct {
	Subject string
	Issuer  string
	Roles   []Role
	// Until is when the token is over, leeway included.
	Until time.Time
}

// Has tells whether the holder has one of the roles.
func (i Identity) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(i.Roles, r) })
}
