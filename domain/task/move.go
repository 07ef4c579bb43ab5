package task

import (
	"strconv"

	"github.com/millrace/millrace/domain/instant"
)

// Row is a row of the table: one of its fields is set.
type Row struct {
	Queue  *Queue
	Page   *Page
	Filed  *Ended
	Bucket *Bucket
}

// Queued returns the tasks of a queue or a page, those first that come first: all are of one ordering key.
func (r *Row) Queued() []*Entry {
	switch {
	case r.Page != nil:
		return r.Page.Entries
	case r.Queue == nil:
		return nil
	case r.Queue.Head == nil:
		return r.Queue.Waiting
	default:
		return append([]*Entry{r.Queue.Head}, r.Queue.Waiting...)
	}
}

// Ended is what has become of a task, kept until a time.
type Ended struct {
	Entry *Entry
	Until instant.Milli
}

// Ended returns what the row is to keep.
func (f Filed) Ended() *Ended { return &Ended{f.Entry, f.Entry.Since.Add(f.For)} }

// bucketMark begins the key of a bucket's row.
const bucketMark = pageMark + "limit:"

// BucketKey returns the key of the row with the token bucket of a kind for one partition.
func BucketKey(kind string, partition int64) string {
	return bucketMark + kind + "/" + strconv.FormatInt(partition, 10)
}

// Step says what a row of the group wants of another one.
type Step uint8

// The steps.
const (
	StepStore  Step = iota + 1 // keep this page
	StepFetch                  // send your page back, and go
	StepReturn                 // here is the page
	StepFile                   // keep what has become of a task
	StepAsk                    // a key wants a token
	StepGrant                  // here it is
)

// Steps returns every step.
func Steps() []Step { return []Step{StepStore, StepFetch, StepReturn, StepFile, StepAsk, StepGrant} }

// Move is what a row sends to another one: the record of the group's loop.
type Move struct {
	Step Step
	// From is the ordering key that StepFetch and StepAsk come from, and are answered to.
	From string
	// Number is that of the page, of StepFetch and StepReturn.
	Number int64
	Page   *Page  // of StepStore and StepReturn
	Filed  *Ended // of StepFile
	Token  Token  // of StepAsk, without a time, and StepGrant
	Share  Share  // of StepAsk
}
