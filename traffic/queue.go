package traffic

// queue holds events by send time; equal times leave in the order in which they came. A heap of small entries over an
// arena, so that sifting moves 24 bytes and not an event.
type queue struct {
	heap   []entry
	events []event
	free   []int32
	count  uint64
}

type entry struct {
	at  int64
	seq uint64
	idx int32
}

func (a entry) before(b entry) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

func (q *queue) len() int { return len(q.heap) }

// first returns the send time of the event that pop gives next.
func (q *queue) first() int64 { return q.heap[0].at }

func (q *queue) push(at int64, e event) {
	var idx int32
	if n := len(q.free); n > 0 {
		idx, q.free = q.free[n-1], q.free[:n-1]
		q.events[idx] = e
	} else {
		idx = int32(len(q.events))
		q.events = append(q.events, e)
	}
	q.count++
	q.heap = append(q.heap, entry{at, q.count, idx})
	i := len(q.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !q.heap[i].before(q.heap[up]) {
			break
		}
		q.heap[i], q.heap[up] = q.heap[up], q.heap[i]
		i = up
	}
}

func (q *queue) pop() (int64, event) {
	top := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap = q.heap[:last]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if q.heap[c].before(q.heap[least]) {
				least = c
			}
		}
		if least == i {
			break
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
	e := q.events[top.idx]
	q.events[top.idx] = event{} // lets go of its purchase
	q.free = append(q.free, top.idx)
	return top.at, e
}
