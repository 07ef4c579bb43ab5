package mutant

// ErrEdit is for tests.
var ErrEdit = errEdit
