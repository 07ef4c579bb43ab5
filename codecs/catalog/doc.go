// Package catalog reads and writes the entities of the catalog: their commands, rows and events, the bodies of
// requests, files of definitions, and the document that the audit compares.
package catalog
