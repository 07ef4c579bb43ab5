package stream_test

import (
	"testing"

	"github.com/millrace/millrace/stream"
)

func TestJSON(t *testing.T) {
	type value struct {
		Name string `json:"name"`
		Size int    `json:"size"`
	}
	c := stream.JSON[value]{}
	b, err := c.Encode(value{"a", 1})
	if err != nil || string(b) != `{"name":"a","size":1}` {
		t.Fatalf("%s, %v", b, err)
	}
	if v, err := c.Decode([]byte(`{"name":"a","size":1,"more":true}`)); err != nil || v != (value{"a", 1}) {
		t.Errorf("%+v, %v", v, err)
	}
	for _, bad := range []string{"", "{", `{"size":"1"}`} {
		if v, err := c.Decode([]byte(bad)); err == nil {
			t.Errorf("%q gives %+v", bad, v)
		}
	}
}
