package tidy

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// The pages of decisions are numbered without gaps, and each begins with its number.
func TestDecisionsHaveNumbersWithoutGaps(t *testing.T) {
	const folder = "../docs/adr/"
	pages, err := os.ReadDir(folder)
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for i, page := range pages { // ReadDir sorts by name
		number, _, ok := strings.Cut(page.Name(), "-")
		got, err := strconv.Atoi(number)
		if !ok || err != nil || len(number) != 4 || got != i+1 {
			t.Errorf("%s stands where number %d should be", page.Name(), i+1)
			break
		}
		text, err := os.ReadFile(folder + page.Name())
		if heading := "# " + strconv.Itoa(got) + ". "; err != nil || !strings.HasPrefix(string(text), heading) {
			t.Errorf("%s does not begin with %q: %v", page.Name(), heading, err)
		}
	}
}
