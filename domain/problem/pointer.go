package problem

import "strings"

// Token returns a key as it stands in a pointer, with the slash before it (RFC 6901, section 3).
func Token(key string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
