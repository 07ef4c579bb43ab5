package feed

import "maps"

// Ends returns the offset after the last acknowledged record of each partition that was sent to.
func Ends(f *Feed) map[int32]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.ends)
}
