package store

import (
	"slices"
	"strings"
)

// branchWidth is how many children a branch has at most.
const branchWidth = 64

// tree keeps leaves in key order. A walk goes over the root that it found; the writer then raises age, and copies what
// is older before it changes it.
type tree struct {
	root  *branch
	age   uint64
	space space
}

func newTree() tree { return tree{root: new(branch), space: newSpace()} }

// shared tells the tree that there may be a walk over all that it has.
func (t *tree) share() {
	t.age++
	t.space.shared = true
}

// branch has children of one kind: leaves, at the bottom, or branches. Only a root may have none.
type branch struct {
	age    uint64
	parts  []string // between the children: at most any key of the one behind, more than any of the one before
	leaves []*leaf
	kids   []*branch // nil at the bottom
}

func (b *branch) width() int { return max(len(b.leaves), len(b.kids)) }

// child returns the index of the child that a key belongs to.
func (b *branch) child(key string) int {
	low, high := 0, len(b.parts)
	for low < high {
		i := int(uint(low+high) >> 1)
		if b.parts[i] <= key {
			low = i + 1
		} else {
			high = i
		}
	}
	return low
}

// find returns the leaf of a key, and where the key is in it.
func (b *branch) find(c chunks, key string) (l *leaf, i int, found bool) {
	for b.kids != nil {
		b = b.kids[b.child(key)]
	}
	if len(b.leaves) == 0 {
		return nil, 0, false
	}
	l = b.leaves[b.child(key)]
	i, found = l.find(c, key)
	return l, i, found
}

// ascend goes over the rows from <= key < to until fn returns false; it tells whether to go on.
func (b *branch) ascend(c chunks, from, to string, fn func(string, []byte) bool) bool {
	first := b.child(from)
	for i := first; i < b.width(); i++ {
		if i > first {
			from = ""
		}
		if b.kids != nil {
			if !b.kids[i].ascend(c, from, to, fn) {
				return false
			}
		} else if !b.leaves[i].ascend(c, from, to, fn) {
			return false
		}
	}
	return true
}

func (l *leaf) ascend(c chunks, from, to string, fn func(string, []byte) bool) bool {
	i := 0
	if from != "" {
		i, _ = l.find(c, from)
	}
	for ; i < l.count; i++ {
		k, value, _ := c.row(l.slots[i].place)
		key := string(k)
		if to != "" && key >= to || !fn(key, value) {
			return false
		}
	}
	return true
}

func (t *tree) get(key string) []byte {
	l, i, found := t.root.find(t.space.chunks, key)
	if !found {
		return nil
	}
	_, value, _ := t.space.chunks.row(l.slots[i].place)
	return value
}

func (t *tree) set(key string, value []byte) {
	live := t.space.live
	p := t.space.write(key, value)
	size := t.space.live - live
	t.root = t.own(t.root)
	if part, right := t.put(t.root, key, p); right != nil {
		t.root = &branch{age: t.age, parts: []string{part}, kids: []*branch{t.root, right}}
	}
	t.clean(max(size, live+size-t.space.live))
}

// clean moves rows out of a chunk that is mostly waste: as much as keeps up with so many bytes written, or given up.
func (t *tree) clean(bytes int) {
	for budget := effort * bytes; budget > 0; {
		p, size, more := t.space.next()
		if !more {
			return
		}
		budget -= size
		if t.space.isGone(p) {
			continue
		}
		k, value, _ := t.space.chunks.row(p)
		key := string(k)
		l, i := t.locate(key)
		l.slots[i].place = t.space.write(key, value)
		t.space.forget(p)
	}
}

// locate returns where a row is that is there, in a leaf that is the tree's own.
func (t *tree) locate(key string) (*leaf, int) {
	t.root = t.own(t.root)
	b := t.root
	for b.kids != nil {
		i := b.child(key)
		b.kids[i] = t.own(b.kids[i])
		b = b.kids[i]
	}
	n := b.child(key)
	l := t.ownLeaf(b.leaves[n])
	b.leaves[n] = l
	i, _ := l.find(t.space.chunks, key)
	return l, i
}

func (t *tree) own(b *branch) *branch {
	if b.age == t.age {
		return b
	}
	return &branch{age: t.age, parts: slices.Clone(b.parts), leaves: slices.Clone(b.leaves), kids: slices.Clone(b.kids)}
}

func (t *tree) ownLeaf(l *leaf) *leaf {
	if l.age == t.age {
		return l
	}
	own := *l
	own.age = t.age
	return &own
}

// put notes where a row is now, below a branch that is the tree's own. A branch that got too wide returns what it gave
// up, and from which key on that is.
func (t *tree) put(b *branch, key string, p place) (part string, right *branch) {
	i := b.child(key)
	switch {
	case b.kids != nil:
		b.kids[i] = t.own(b.kids[i])
		if part, right = t.put(b.kids[i], key, p); right != nil {
			b.parts = slices.Insert(b.parts, i, part)
			b.kids = slices.Insert(b.kids, i+1, right)
		}
	case len(b.leaves) == 0:
		b.leaves = []*leaf{{age: t.age}}
		b.leaves[0].insert(t.space.chunks, 0, key, p)
	default:
		t.putLeaf(b, i, key, p)
	}
	if b.width() <= branchWidth {
		return "", nil
	}
	return b.halve()
}

func (t *tree) putLeaf(b *branch, n int, key string, p place) {
	c := t.space.chunks
	l := t.ownLeaf(b.leaves[n])
	b.leaves[n] = l
	i, found := l.find(c, key)
	if found {
		t.space.forget(l.slots[i].place)
		l.slots[i].place = p
		return
	}
	if l.count == leafRows {
		left, right := l.split(c, i)
		first := key
		if right.count > 0 {
			first = string(c.key(right.slots[0].place))
		}
		last := string(c.key(left.slots[left.count-1].place))
		part := strings.Clone(first[:common(last, first)+1])
		b.leaves[n] = left
		b.leaves = slices.Insert(b.leaves, n+1, right)
		b.parts = slices.Insert(b.parts, n, part)
		if l = left; key >= part {
			l = right
		}
		i, _ = l.find(c, key)
	}
	l.insert(c, i, key, p)
}

// halve gives half of the children up to a new branch.
func (b *branch) halve() (part string, right *branch) {
	n := b.width() / 2
	part = b.parts[n-1]
	right = &branch{age: b.age, parts: slices.Clone(b.parts[n:])}
	b.parts = slices.Delete(b.parts, n-1, len(b.parts))
	if b.kids != nil {
		right.kids = slices.Clone(b.kids[n:])
		b.kids = slices.Delete(b.kids, n, len(b.kids))
	} else {
		right.leaves = slices.Clone(b.leaves[n:])
		b.leaves = slices.Delete(b.leaves, n, len(b.leaves))
	}
	return part, right
}

func (t *tree) delete(key string) {
	l, i, found := t.root.find(t.space.chunks, key)
	if !found {
		return
	}
	p := l.slots[i].place
	_, _, size := t.space.chunks.row(p)
	t.root = t.own(t.root)
	t.drop(t.root, key)
	t.space.forget(p)
	t.shrink()
	t.clean(size)
}

// shrink gives up roots without a choice.
func (t *tree) shrink() {
	for t.root.kids != nil && len(t.root.kids) <= 1 {
		if len(t.root.kids) == 0 {
			t.root = &branch{age: t.age}
			return
		}
		t.root = t.root.kids[0]
	}
}

// drop deletes a row that is there, below a branch that is the tree's own.
func (t *tree) drop(b *branch, key string) {
	i := b.child(key)
	if b.kids == nil {
		b.leaves[i] = t.ownLeaf(b.leaves[i])
		at, _ := b.leaves[i].find(t.space.chunks, key)
		b.leaves[i].remove(at)
		t.rebalance(b, i)
		return
	}
	b.kids[i] = t.own(b.kids[i])
	t.drop(b.kids[i], key)
	switch {
	case b.kids[i].width() == 0:
		b.kids = slices.Delete(b.kids, i, i+1)
		b.part(i)
	case i+1 < len(b.kids) && narrow(b.kids[i], b.kids[i+1]):
		t.merge(b, i)
	case i > 0 && narrow(b.kids[i-1], b.kids[i]):
		t.merge(b, i-1)
	}
}

// part forgets what parted child i, which is no more, from a neighbour.
func (b *branch) part(i int) {
	if len(b.parts) > 0 {
		i = max(i-1, 0)
		b.parts = slices.Delete(b.parts, i, i+1)
	}
}

func narrow(left, right *branch) bool { return left.width()+right.width() <= branchWidth*3/4 }

// merge makes child i and the next one branch.
func (t *tree) merge(b *branch, i int) {
	left, right := t.own(b.kids[i]), b.kids[i+1]
	left.parts = append(append(left.parts, b.parts[i]), right.parts...)
	left.leaves = append(left.leaves, right.leaves...)
	if left.kids != nil {
		left.kids = append(left.kids, right.kids...)
	}
	b.kids[i] = left
	b.kids = slices.Delete(b.kids, i+1, i+2)
	b.parts = slices.Delete(b.parts, i, i+1)
}

// rebalance joins leaf i, which has become smaller, with a neighbour, or takes it away.
func (t *tree) rebalance(b *branch, i int) {
	switch l := b.leaves[i]; {
	case l.count == 0:
		b.leaves = slices.Delete(b.leaves, i, i+1)
		b.part(i)
	case i+1 < len(b.leaves) && joinable(l, b.leaves[i+1]):
		t.join(b, i)
	case i > 0 && joinable(b.leaves[i-1], l):
		t.join(b, i-1)
	}
}

// join makes leaf i and the next one leaf.
func (t *tree) join(b *branch, i int) {
	b.leaves[i] = leafOf(t.space.chunks, t.age, b.leaves[i].used(), b.leaves[i+1].used())
	b.leaves = slices.Delete(b.leaves, i+1, i+2)
	b.parts = slices.Delete(b.parts, i, i+1)
}
