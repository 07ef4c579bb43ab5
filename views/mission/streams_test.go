package mission

import (
	"fmt"
	"net/http"
	"testing"
)

// A service that listens for users takes half of the streams at most.
func TestStreamsAreBoundedBySubject(t *testing.T) {
	x := NewStreams()
	var ends []func()
	open := func(user, subject string) int {
		end, refused := x.open(user, subject)
		if refused != nil {
			return refused.Status
		}
		ends = append(ends, end)
		return http.StatusOK
	}
	for i := range maxServiceStreams {
		if got := open(fmt.Sprint("u", i), "service"); got != http.StatusOK {
			t.Fatalf("stream %d: %d", i, got)
		}
	}
	if got := open("another", "service"); got != http.StatusTooManyRequests {
		t.Errorf("one more: %d", got)
	}
	for range MaxUserStreams {
		if got := open("another", "another"); got != http.StatusOK {
			t.Errorf("the user: %d", got)
		}
	}
	if got := open("another", "a third"); got != http.StatusTooManyRequests {
		t.Errorf("the user once more: %d", got)
	}
	for _, end := range ends {
		end()
	}
	if x.Users.Open()+x.subjects.Open()+x.Users.Holders()+x.subjects.Holders() != 0 {
		t.Errorf("seats are left over: %+v %+v", x.Users, x.subjects)
	}
	x.Close()
	x.Close()
	if got := open("u", "u"); got != http.StatusServiceUnavailable {
		t.Errorf("when it stops: %d", got)
	}
}
