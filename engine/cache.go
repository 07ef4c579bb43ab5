package engine

// rowCost is what an entry of a rowCache costs beside its row, in bytes, about.
const rowCost = 128

// rowCache keeps decoded rows of one partition as they are committed, those used last, up to about limit bytes of their
// encoded form. It has two generations: when the young one has half of the limit it becomes the old one, and what was
// in the old one and not asked for since is forgotten. Without a limit it keeps rows for one transaction only. The
// caller locks.
type rowCache struct {
	limit      int
	bytes      int // of the young
	young, old map[string]cachedRow
}

type cachedRow struct {
	row  any
	size int // of its bytes
	// raw is what this process encoded the row to, kept where its codec amends; nil: not known. What another process
	// has written may not be what our codec makes of the row.
	raw []byte
}

func newRowCache(limit int) rowCache {
	return rowCache{limit: limit, young: map[string]cachedRow{}, old: map[string]cachedRow{}}
}

func (c *rowCache) get(key string) (cachedRow, bool) {
	if e, ok := c.young[key]; ok {
		return e, true
	}
	e, ok := c.old[key]
	if ok {
		c.put(key, e)
	}
	return e, ok
}

func (c *rowCache) put(key string, e cachedRow) {
	if old, ok := c.young[key]; ok {
		c.bytes += e.size - old.size
		c.young[key] = e
		return
	}
	cost := len(key) + e.size + rowCost
	if c.limit > 0 && c.bytes+cost > c.limit/2 {
		c.young, c.old, c.bytes = c.old, c.young, 0
		clear(c.young)
	}
	c.bytes += cost
	c.young[key] = e
}

func (c *rowCache) drop(key string) {
	if e, ok := c.young[key]; ok {
		c.bytes -= len(key) + e.size + rowCost
		delete(c.young, key)
	}
	delete(c.old, key)
}

// end is the end of a transaction.
func (c *rowCache) end() {
	if c.limit <= 0 {
		clear(c.young)
		c.bytes = 0
	}
}
