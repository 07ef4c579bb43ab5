package main

import (
	"net/http"
	"testing"
)

// What is wrong with the whole has no place before its colon.
func TestProblemsOfTheWholeHaveNoPlace(t *testing.T) {
	a := &app{}
	body := `{"code":"invalid_field","detail":"the definition has problems","errors":[{"pointer":"","detail":"an ended mission stays ended"},{"pointer":"/a","detail":"is required"}]}`
	err := a.problem(call{what: "mission \"m\""}, &http.Response{StatusCode: http.StatusUnprocessableEntity}, []byte(body))
	const want = "mission \"m\": 422 invalid_field the definition has problems\nan ended mission stays ended\n/a: is required"
	if err.Error() != want {
		t.Errorf("%s", err)
	}
}
