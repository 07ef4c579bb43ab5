// Package mission shows missions to their users and to operators, and takes what both decide: who takes part, and what
// a mission is.
package mission
