package page

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func serve(t *testing.T, c Config, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	files, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	files.Register(mux)
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

// TestPagesAreSelfContained follows every link to a file and looks for anything from elsewhere, and for inline code,
// which the policy would not run.
func TestPagesAreSelfContained(t *testing.T) {
	files, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	own := regexp.MustCompile(`["'(](/assets/[\w.-]+)["')]`)
	for name, f := range files.files {
		if f.zipped {
			continue // the API reference, see test/api: its page may load nothing from elsewhere, and a browser is watched doing so
		}
		text := string(f.body)
		for _, m := range own.FindAllStringSubmatch(text, -1) {
			if w := serve(t, Config{}, m[1]); w.Code != http.StatusOK {
				t.Errorf("%s: %s is %d", name, m[1], w.Code)
			}
		}
		outside := strings.ReplaceAll(text, "http://www.w3.org/2000/svg", "") // a namespace, never fetched
		if regexp.MustCompile(`(src|href|url|import|fetch)\W{0,3}(https?:)?//`).MatchString(outside) || strings.Contains(outside, "https://") {
			t.Errorf("%s names another host", name)
		}
		if strings.HasSuffix(name, ".html") && regexp.MustCompile(`<style|style=|<script(>| [^>]*[^>]*>[^<])| on\w+=`).MatchString(text) {
			t.Errorf("%s has inline code or style", name)
		}
		if strings.Contains(text, "innerHTML") || strings.Contains(text, "eval(") {
			t.Errorf("%s makes code or markup from text", name)
		}
		if f.kind == "" {
			t.Errorf("%s has no media type", name)
		}
	}
}

func TestPagesAndTheirTags(t *testing.T) {
	for target, kind := range map[string]string{
		"/": "text/html", "/docs": "text/html", "/favicon.ico": "image/svg+xml", "/assets/live.js": "text/javascript", "/assets/base.css": "text/css",
	} {
		w := serve(t, Config{Live: true}, target)
		want := policy
		if target == "/docs" {
			want = referencePolicy
		}
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) || w.Header().Get("Content-Security-Policy") != want {
			t.Errorf("%s: %d %v", target, w.Code, w.Header())
		}
		if w := serve(t, Config{Live: true}, target, "If-None-Match", `"x", W/`+w.Header().Get("ETag")); w.Code != http.StatusNotModified {
			t.Errorf("%s again: %d", target, w.Code)
		}
		if w := serve(t, Config{Live: true}, target, "If-None-Match", `"x"`); w.Code != http.StatusOK {
			t.Errorf("%s changed: %d", target, w.Code)
		}
	}
	if w := serve(t, Config{}, "/assets/live.html"); w.Code != http.StatusNotFound {
		t.Errorf("pages are not assets: %d", w.Code)
	}
}

// TestReferenceIsSentCompressed sends what is kept compressed as it is to who can read that, and unpacked to all
// others.
func TestReferenceIsSentCompressed(t *testing.T) {
	for target, begins := range map[string]string{
		"/assets/api-reference.js": "/* @scalar/api-reference ", "/assets/api-reference.licenses.txt": "Licences of @scalar/api-reference ",
	} {
		zipped := serve(t, Config{}, target, "Accept-Encoding", "br, gzip;q=0.5")
		r, err := gzip.NewReader(zipped.Body)
		if err != nil || zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Header().Get("Vary") != "Accept-Encoding" {
			t.Fatalf("%s: %v %v", target, err, zipped.Header())
		}
		unzipped, err := io.ReadAll(r)
		if err != nil || !strings.HasPrefix(string(unzipped), begins) {
			t.Errorf("%s: %v %.60q", target, err, unzipped)
		}
		for _, accept := range []string{"", "identity", "gzip;q=0", "gzip; q=0.00", "zip"} {
			plain := serve(t, Config{}, target, "Accept-Encoding", accept)
			if plain.Header().Get("Content-Encoding") != "" || !bytes.Equal(plain.Body.Bytes(), unzipped) {
				t.Errorf("%s for %q: %v, %d bytes of %d", target, accept, plain.Header(), plain.Body.Len(), len(unzipped))
			}
		}
	}
}
