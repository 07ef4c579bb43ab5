package stream_test

import (
	"errors"
	"testing"

	"github.com/millrace/millrace/stream"
)

func TestUnreadRowsAreToldUntilTheyCanBeRead(t *testing.T) {
	var u stream.Unread
	torn := errors.New("torn")
	u.Note("c", nil)
	if err := u.Err("catalog"); err != nil {
		t.Error(err)
	}
	u.Note("b", torn)
	u.Note("a", torn)
	if err := u.Err("catalog"); !errors.Is(err, torn) || err.Error() != "catalog row a: torn\ncatalog row b: torn" {
		t.Error(err)
	}
	u.Note("a", nil)
	u.Note("b", errors.New("of a later version"))
	if err := u.Err("catalog"); err == nil || err.Error() != "catalog row b: of a later version" {
		t.Error(err)
	}
}
