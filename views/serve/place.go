package serve

// Place is where a record lies in the dead-letters topic.
type Place struct {
	Partition int32
	Offset    int64
}

// PageBytes bounds the source bytes in one answer: the limit of a page is then lower than asked.
const PageBytes = 8 << 20
