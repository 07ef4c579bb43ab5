// Package signature checks that the holder of a shared secret made a request, just now, and once
// (docs/contract.md#events). There are two schemes, which differ only in their spelling:
//
//   - `Millrace-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of t.body>`
//   - Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature: v1,<base64 HMAC-SHA256 of
//     id.timestamp.body>`
//
// The secret decides on the scheme: secrets of Standard Webhooks begin with whsec_.
//
// A signature is good for the window around its time. Within the window a process takes a signature once, so that a
// sender who did not see the answer does not deliver a call twice by mistake. The ids of events, which the ledger
// knows, make a replay harmless (docs/adr/0012-who-may-ask.md). A request that was not taken may be sent again as it
// is.
package signature

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Header carries the signature, SourceHeader the name of the source that signed, where it is told. The others are those
// of Standard Webhooks.
const (
	Header          = "Millrace-Signature"
	SourceHeader    = "Millrace-Source"
	IDHeader        = "Webhook-Id"
	TimestampHeader = "Webhook-Timestamp"
	WebhookHeader   = "Webhook-Signature"
)

// standardPrefix begins a secret of Standard Webhooks; the rest is base64.
const standardPrefix = "whsec_"

// errInvalid is returned for every request that is not to be trusted; its text, which is for logs, says why. ErrBusy is
// returned when no more signatures can be remembered.
var (
	errInvalid = errors.New("signature: invalid")
	ErrBusy    = errors.New("signature: too many requests to remember")
)

const (
	defaultWindow   = 5 * time.Minute
	minSecret       = 16
	maxHeader       = 1024
	maxSignatures   = 4       // in a header, while a secret is changed
	maxRemembered   = 1 << 20 // in each of two generations: 100 MB at most
	maxSources      = 100
	maxSecrets      = 4
	maxSourceLength = 64
	maxID           = 256
	maxTried        = 16 // secrets, for a call that does not name its source: each is a pass over the body
)

// Source is somebody who signs.
type Source struct {
	Name string
	// Secrets verify, any of them: two while one is changed for another. One that begins with whsec_ is base64, and
	// verifies Standard Webhooks; any other is taken as it is. Each has at least 16 bytes.
	Secrets [][]byte
}

// Config says whose signatures to trust.
type Config struct {
	// Sources are those who may sign. Defaults to none.
	Sources []Source
	// Window is how far the time of a signature may be from now, on either side. Defaults to 5 min.
	Window time.Duration
	// Now defaults to time.Now.
	Now func() time.Time
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	var errs []error
	if len(c.Sources) > maxSources {
		errs = append(errs, fmt.Errorf("signature: more than %d sources", maxSources))
	}
	names := map[string]bool{}
	for _, s := range c.Sources {
		if s.Name == "" || len(s.Name) > maxSourceLength || names[s.Name] {
			errs = append(errs, fmt.Errorf("signature: source %q: a name of 1 to %d bytes is needed, once", s.Name,
				maxSourceLength))
		}
		names[s.Name] = true
		if len(s.Secrets) == 0 || len(s.Secrets) > maxSecrets {
			errs = append(errs, fmt.Errorf("signature: source %q: 1 to %d secrets are needed", s.Name, maxSecrets))
		}
		for _, secret := range s.Secrets {
			if k, err := keyOf(secret); err != nil {
				errs = append(errs, fmt.Errorf("signature: source %q: what follows %s is base64", s.Name,
					standardPrefix))
			} else if len(k.secret) < minSecret {
				errs = append(errs, fmt.Errorf("signature: source %q: a secret has at least %d bytes", s.Name,
					minSecret))
			}
		}
	}
	if c.Window < 0 || c.Window > time.Hour {
		errs = append(errs, fmt.Errorf("signature: window %s: must be 0 to 1h", c.Window))
	}
	return errors.Join(errs...)
}

// key is a secret as it verifies.
type key struct {
	source   string
	standard bool
	secret   []byte
}

func keyOf(secret []byte) (key, error) {
	text, standard := bytes.CutPrefix(secret, []byte(standardPrefix))
	if !standard {
		return key{secret: secret}, nil
	}
	raw, err := base64.StdEncoding.DecodeString(string(text))
	return key{standard: true, secret: raw}, err
}

// Verifier checks signatures. Its methods are safe for concurrent use.
type Verifier struct {
	config Config
	keys   []key

	mu         sync.Mutex
	young, old map[[sha256.Size]byte]struct{} // of requests that were taken, or are being
	turned     time.Time                      // when young was begun
}

// NewVerifier returns a verifier of c.
func NewVerifier(c Config) (*Verifier, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Window == 0 {
		c.Window = defaultWindow
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	v := &Verifier{config: c, young: map[[sha256.Size]byte]struct{}{}, turned: c.Now()}
	for _, s := range c.Sources {
		for _, secret := range s.Secrets {
			k, err := keyOf(secret)
			if err != nil {
				return nil, err
			}
			k.source = s.Name
			v.keys = append(v.keys, k)
		}
	}
	return v, nil
}

// Signed tells whether a request claims to be signed, by either scheme.
func Signed(h http.Header) bool { return h.Get(Header) != "" || h.Get(WebhookHeader) != "" }

// Sources returns the names of all who may sign.
func (v *Verifier) Sources() []string {
	names := make([]string, 0, len(v.config.Sources))
	for _, s := range v.config.Sources {
		names = append(names, s.Name)
	}
	return names
}

// Signs tells whether a source of that name signs its requests.
func (v *Verifier) Signs(name string) bool {
	for _, s := range v.config.Sources {
		if s.Name == name {
			return true
		}
	}
	return false
}

// Claim is what a request says of its signature, before its body was read.
type Claim struct {
	keys []key // any of them may fit
	time string
	// signed is what the HMAC is of, before the dot and the body.
	signed string
	macs   [][]byte

	verifier *Verifier
}

// Open reads the headers of a request: what costs nothing to refuse is refused here. Every error is ErrInvalid.
func (v *Verifier) Open(h http.Header) (*Claim, error) {
	c, standard, err := read(h)
	if err != nil {
		return nil, err
	}
	c.verifier = v
	source := h.Get(SourceHeader)
	for _, k := range v.keys {
		if k.standard == standard && (source == "" || k.source == source) {
			c.keys = append(c.keys, k)
		}
	}
	switch {
	case len(c.keys) == 0:
		return nil, fmt.Errorf("%w: unknown source", errInvalid)
	case source == "" && len(c.keys) > maxTried:
		return nil, fmt.Errorf("%w: it could be of more than %d secrets, %s must name the source", errInvalid, maxTried,
			SourceHeader)
	}
	seconds, err := strconv.ParseInt(c.time, 10, 64)
	if err != nil || seconds < 0 || strconv.FormatInt(seconds, 10) != c.time {
		return nil, fmt.Errorf("%w: it has no time", errInvalid)
	}
	const future = 1 << 40 // no duration reaches further
	if seconds > future || v.config.Now().Sub(time.Unix(seconds, 0)).Abs() > v.config.Window {
		return nil, fmt.Errorf("%w: its time is too far from now", errInvalid)
	}
	return c, nil
}

// read returns what the headers say, by which scheme.
func read(h http.Header) (c *Claim, standard bool, err error) {
	ours, theirs := h.Get(Header), h.Get(WebhookHeader)
	switch {
	case ours != "" && theirs != "":
		return nil, false, fmt.Errorf("%w: signed by two schemes", errInvalid)
	case theirs != "":
		c, err = parseStandard(h.Get(IDHeader), h.Get(TimestampHeader), theirs)
		return c, true, err
	default:
		c, err = parse(ours)
		return c, false, err
	}
}

// parseStandard reads the headers of Standard Webhooks. Signatures of other versions are passed over.
func parseStandard(id, at, signatures string) (*Claim, error) {
	if id == "" || len(id) > maxID || at == "" || len(signatures) > maxHeader {
		return nil, fmt.Errorf("%w: %s and %s are needed", errInvalid, IDHeader, TimestampHeader)
	}
	c := &Claim{time: at, signed: id + "." + at}
	for one := range strings.FieldsSeq(signatures) {
		text, ok := strings.CutPrefix(one, "v1,")
		if !ok {
			continue
		}
		mac, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(mac) != sha256.Size {
			continue // it is nobody's, and one of the others may be the source's
		}
		c.macs = append(c.macs, mac)
	}
	if len(c.macs) == 0 || len(c.macs) > maxSignatures {
		return nil, fmt.Errorf("%w: a signature of version v1, an HMAC-SHA256 in base64, is needed", errInvalid)
	}
	return c, nil
}

func parse(header string) (*Claim, error) {
	c := &Claim{}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("%w: too long", errInvalid)
	}
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if c.time != "" {
				return nil, fmt.Errorf("%w: t twice", errInvalid)
			}
			c.time = value
		case "v1":
			mac, err := hex.DecodeString(value)
			if err != nil || len(mac) != sha256.Size {
				continue // it is nobody's, and one of the others may be the source's
			}
			c.macs = append(c.macs, mac)
		default: // versions to come
		}
	}
	if c.time == "" || len(c.macs) == 0 || len(c.macs) > maxSignatures {
		return nil, fmt.Errorf("%w: t and v1, an HMAC-SHA256 in hexadecimal, are needed", errInvalid)
	}
	c.signed = c.time
	return c, nil
}

// Check returns the source that signed the body. The request must be told to end: taken keeps anyone from sending it
// again. The error is ErrInvalid or ErrBusy.
func (c *Claim) Check(body []byte) (source string, end func(taken bool), err error) {
	for _, k := range c.keys {
		sum := sign(k.secret, c.signed, body)
		for _, mac := range c.macs {
			if hmac.Equal(mac, sum[:]) {
				end, err := c.verifier.remember(sum)
				return k.source, end, err
			}
		}
	}
	return "", nil, fmt.Errorf("%w: it fits no source", errInvalid)
}

// remember notes a signature, unless it was noted before.
func (v *Verifier) remember(sum [sha256.Size]byte) (end func(taken bool), err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	// What is in the old generation was signed at least two windows before it is forgotten.
	if now := v.config.Now(); now.Sub(v.turned) >= 2*v.config.Window {
		v.old, v.young, v.turned = v.young, map[[sha256.Size]byte]struct{}{}, now
	}
	if _, ok := v.young[sum]; ok {
		return nil, fmt.Errorf("%w: it was used before", errInvalid)
	}
	if _, ok := v.old[sum]; ok {
		return nil, fmt.Errorf("%w: it was used before", errInvalid)
	}
	if len(v.young) >= maxRemembered {
		return nil, ErrBusy
	}
	v.young[sum] = struct{}{}
	return func(taken bool) {
		if taken {
			return
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.young, sum)
		delete(v.old, sum)
	}, nil
}

// Sign returns the header of a request with body, signed at the time given.
func Sign(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	sum := sign(secret, t, body)
	return "t=" + t + ",v1=" + hex.EncodeToString(sum[:])
}

func sign(secret []byte, t string, body []byte) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, secret)
	_, _ = h.Write([]byte(t + ".")) // hash.Hash never fails
	_, _ = h.Write(body)
	h.Sum(sum[:0])
	return sum
}
