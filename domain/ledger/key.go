package ledger

import "strings"

// Key returns mode/instrument/gateway, the key of `attempts`. A slash inside a component is written %2F and a percent
// sign %25, so that the key can be split again (see ParseKey).
func (a *Attempt) Key() string {
	return escape(a.Mode) + "/" + escape(a.Instrument) + "/" + escape(a.Gateway)
}

// ParseKey splits a key made by Attempt.Key. ok is false for a string that Key cannot have made.
func ParseKey(key string) (mode, instrument, gateway string, ok bool) {
	mode, rest, found := strings.Cut(key, "/")
	if !found {
		return "", "", "", false
	}
	instrument, gateway, found = strings.Cut(rest, "/")
	if !found || strings.Contains(gateway, "/") {
		return "", "", "", false
	}
	for _, part := range []*string{&mode, &instrument, &gateway} {
		plain, ok := unescape(*part)
		if !ok {
			return "", "", "", false
		}
		*part = plain
	}
	return mode, instrument, gateway, true
}

func escape(s string) string {
	if !strings.ContainsAny(s, "/%") {
		return s
	}
	s = strings.ReplaceAll(s, "%", "%25")
	return strings.ReplaceAll(s, "/", "%2F")
}

func unescape(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	var b strings.Builder
	for {
		plain, rest, found := strings.Cut(s, "%")
		b.WriteString(plain)
		switch {
		case !found:
			return b.String(), true
		case strings.HasPrefix(rest, "25"):
			b.WriteByte('%')
		case strings.HasPrefix(rest, "2F"):
			b.WriteByte('/')
		default:
			return "", false
		}
		s = rest[len("25"):]
	}
}
