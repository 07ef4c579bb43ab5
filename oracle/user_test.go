package oracle

import (
	"fmt"
	"testing"
)

func TestTheDrawIsEven(t *testing.T) {
	in := 0
	for i := range 10_000 {
		if drawn("m", fmt.Sprint("usr_", i)) < 30 {
			in++
		}
	}
	if in < 2_800 || in > 3_200 {
		t.Errorf("30 %% of 10,000 users are %d", in)
	}
}
