// Package audit answers who changed what, from an index of the topics of the audit.
package audit
