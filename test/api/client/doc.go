// Package client is a client in Go that oapi-codegen makes of openapi.json for the test here, and nobody keeps:
// client.gen.go is not committed. It is a module of its own, so that neither the generator nor its run time is in
// Millrace's build list.
package client
