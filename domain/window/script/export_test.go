package script

// ErrSyntax is for tests.
var ErrSyntax = errSyntax
