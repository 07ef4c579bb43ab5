// Package doc reads JSON and YAML documents into domain types: by field, with a problem and a pointer for each field
// that is not understood, and with lines and columns where the document is a file. It writes JSON of forms, from which
// schemas are made. It knows no document in particular.
package doc
