// Package page holds the web pages: the live page of `millrace dev`, the front page elsewhere, and the API reference, which
// draws /openapi.json. Plain HTML, CSS and ES modules, embedded; nothing is ever loaded from another host.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var static embed.FS

// policy lets a page load from its own server alone. Scripts and styles are files, never inline.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

// Config says which pages there are.
type Config struct {
	// Live puts the live page at `/`; else there is a page of links.
	Live bool
}

// Files are the pages and what they load.
type Files struct {
	front string
	files map[string]file
}

type file struct {
	body []byte
	kind string
	tag  string
}

// New reads the embedded files.
func New(c Config) (*Files, error) {
	f := &Files{front: "index.html", files: map[string]file{}}
	if c.Live {
		f.front = "live.html"
	}
	entries, err := fs.ReadDir(static, "static")
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	for _, e := range entries {
		body, err := static.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		sum := sha256.Sum256(body)
		f.files[e.Name()] = file{body: body, kind: kindOf(e.Name()), tag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	return f, nil
}

// Register adds the routes: /, /docs, /favicon.ico and /assets/.
func (f *Files) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", f.serve(f.front))
	mux.HandleFunc("GET /docs", f.serve("docs.html"))
	mux.HandleFunc("GET /favicon.ico", f.serve("icon.svg"))
	for name := range f.files {
		if !strings.HasSuffix(name, ".html") {
			mux.HandleFunc("GET /assets/"+name, f.serve(name))
		}
	}
}

func (f *Files) serve(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		file := f.files[name]
		Serve(w, r, file.kind, file.tag, file.body)
	}
}

// Serve answers with a body that stays the same as long as the program does.
func Serve(w http.ResponseWriter, r *http.Request, kind, tag string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", tag)
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	_, _ = w.Write(body) // a client that went away is not our error
}

// kindOf does not depend on the machine's own table of media types for what we have.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.TypeByExtension(path.Ext(name))
	}
}
