package serve

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// How long a client may take. What it has begun it must go on with; what is slow, but goes on, is served.
const (
	headPatience = 5 * time.Second  // for the head of a request
	bodyPatience = 10 * time.Second // for its body, and as long more as what came needs at bodyRate
	bodyRate     = 64 << 10         // bytes a second
	readPatience = 15 * time.Second // for the head and a body that nobody reads
	answerTime   = 30 * time.Second // for the answer, from the end of the body on
	idlePatience = time.Minute      // between two requests of a connection
)

// maxHeadBytes is where net/http itself ends a head, with plain text; the server's own bound is maxHeaderBytes.
const maxHeadBytes = 2 * maxHeaderBytes

// NewHTTPServer returns an http.Server around h with the limits that a port open to strangers needs. Every port of
// Millrace is one.
func NewHTTPServer(addr string, h http.Handler) *http.Server {
	return &http.Server{
		Addr: addr, Handler: paced(h), MaxHeaderBytes: maxHeadBytes,
		ReadHeaderTimeout: headPatience, ReadTimeout: readPatience, WriteTimeout: answerTime, IdleTimeout: idlePatience,
	}
}

// paced has every body come at a pace. A connection on which chunks came ends with the answer: where a proxy in between
// believed a length that came beside them, what follows would be a request that the proxy has not seen.
func paced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &pacedBody{ReadCloser: r.Body, header: w.Header(), out: http.NewResponseController(w),
				until: time.Now().Add(bodyPatience)}
		}
		next.ServeHTTP(w, r)
	})
}

// pacedBody moves the deadline of a connection as its body comes in. A connection whose body did not come whole is
// closed with the answer: what might still come belongs to no request.
type pacedBody struct {
	io.ReadCloser
	header http.Header
	out    *http.ResponseController
	until  time.Time
}

// Read implements io.Reader.
func (b *pacedBody) Read(p []byte) (int, error) {
	_ = b.out.SetReadDeadline(b.until) // where there is no connection there is nothing to wait for
	_ = b.out.SetWriteDeadline(b.until.Add(answerTime))
	n, err := b.ReadCloser.Read(p)
	b.until = b.until.Add(time.Duration(n) * time.Second / bodyRate)
	if err != nil && !errors.Is(err, io.EOF) {
		b.header.Set("Connection", "close")
	}
	return n, err
}
