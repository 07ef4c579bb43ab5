package reward

import (
	"strconv"
	"strings"
)

// pageMark stands between a user and the number of a page. Ids of users have no control characters.
const pageMark = "\x1f"

// PageKey returns the key of the row with page n, from 0, of a user's coin entries: numbers n*PageSize+1 to
// (n+1)*PageSize.
func PageKey(user string, n int64) string { return user + pageMark + strconv.FormatInt(n, 10) }

// ParsePageKey returns the user of a row's key, and the number of the page where it is one.
func ParsePageKey(key string) (user string, page int64, ok bool) {
	user, number, ok := strings.Cut(key, pageMark)
	page, err := strconv.ParseInt(number, 10, 64)
	return user, page, ok && err == nil
}

// Pages returns how many pages of entries lie outside of the row.
func (c *Coins) Pages() int64 { return (c.Count - int64(len(c.Entries))) / PageSize }

// Keep returns the row of a page with entries on it.
func Keep(entries []Entry) *Row { return &Row{Page: entries} }

// spill moves the oldest entries to a page, when the row has enough of them.
func (t *transition) spill() {
	for c := &t.row.Coins; len(c.Entries) >= maxEntries; {
		t.emit(Paged{PageKey(t.user, c.Pages()), c.Entries[:PageSize:PageSize]})
		c.Entries = c.Entries[PageSize:]
	}
}
