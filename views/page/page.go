// Package page holds the web pages: the live page of `millrace dev`, the front page elsewhere, and the API reference,
// which draws /openapi.json. Ours are plain HTML, CSS and ES modules; the reference is Scalar's, as
// test/api/reference.mjs takes it from its package. All of it is embedded: nothing is ever loaded from another host.
package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static reference
var embedded embed.FS

// policy lets a page load from its own server alone. Scripts and styles are files, never inline.
const policy = "default-src 'self'; " + never

// referencePolicy lets the API reference set styles of its own, and draw pictures that are part of it. Scripts are
// files all the same.
const referencePolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " + never

const never = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

const (
	docs       = "docs.html"
	compressed = ".gz" // how the names of files end that are kept, and sent, compressed
)

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
	body   []byte
	kind   string
	tag    string
	policy string
	zipped bool // the body is compressed with gzip
}

// New reads the embedded files.
func New(c Config) (*Files, error) {
	f := &Files{front: "index.html", files: map[string]file{}}
	if c.Live {
		f.front = "live.html"
	}
	for _, dir := range []string{"static", "reference"} {
		if err := f.read(dir); err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
	}
	return f, nil
}

func (f *Files) read(dir string) error {
	entries, err := fs.ReadDir(embedded, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		body, err := embedded.ReadFile(dir + "/" + e.Name())
		if err != nil {
			return err
		}
		name, zipped := strings.CutSuffix(e.Name(), compressed)
		next := file{body: body, kind: kindOf(name), tag: tagOf(body), policy: policy, zipped: zipped}
		if name == docs {
			next.policy = referencePolicy
		}
		f.files[name] = next
	}
	return nil
}

func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// Register adds the routes: /, /docs, /favicon.ico and /assets/.
func (f *Files) Register(mux interface {
	HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request))
}) {
	mux.HandleFunc("GET /{$}", f.serve(f.front))
	mux.HandleFunc("GET /docs", f.serve(docs))
	mux.HandleFunc("GET /favicon.ico", f.serve("icon.svg"))
	for name := range f.files {
		if !strings.HasSuffix(name, ".html") {
			mux.HandleFunc("GET /assets/"+name, f.serve(name))
		}
	}
}

func (f *Files) serve(name string) http.HandlerFunc {
	return f.files[name].serve
}

// Fixed answers with a body that stays the same as long as the program does.
func Fixed(kind string, body []byte) http.HandlerFunc {
	return file{body: body, kind: kind, tag: tagOf(body), policy: policy}.serve
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Security-Policy", f.policy)
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.tag)
	if f.zipped {
		h.Set("Vary", "Accept-Encoding")
	}
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == f.tag || known == "*" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	switch {
	case !f.zipped:
		_, _ = w.Write(f.body) // a client that went away is not our error
	case takesGzip(r):
		h.Set("Content-Encoding", "gzip")
		_, _ = w.Write(f.body)
	default:
		if plain, err := gzip.NewReader(bytes.NewReader(f.body)); err == nil {
			_, _ = io.Copy(w, plain) // a test reads all of them
		}
	}
}

// takesGzip tells whether the client names gzip among what it decodes, and not as what it refuses.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";q=")
		if zero := strings.Trim(weight, "0."); strings.EqualFold(name, "gzip") && (weight == "" || zero != "") {
			return true
		}
	}
	return false
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
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		return mime.TypeByExtension(path.Ext(name))
	}
}
