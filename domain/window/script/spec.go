package script

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/window"
)

// parseSpec reads what stands behind "window": a kind and its settings, in milliseconds.
func parseSpec(fields []string) (window.Spec, error) {
	if len(fields) == 0 {
		return window.Spec{}, errors.New("want: window tumbling|hopping|sliding|session …")
	}
	kind, must := kindOf(fields[0])
	if must == nil {
		return window.Spec{}, fmt.Errorf("window kind %q is not tumbling, hopping, sliding or session", fields[0])
	}
	given := map[string]time.Duration{}
	var errs []error
	for _, f := range fields[1:] {
		name, text, _ := strings.Cut(f, "=")
		n, err := strconv.ParseInt(text, 10, 64)
		_, twice := given[name]
		switch {
		case !slices.Contains(append(must, "grace"), name):
			errs = append(errs, fmt.Errorf("%s windows have no setting %q, but %s", fields[0], name,
				strings.Join(append(must, "grace"), ", ")))
		case err != nil || n < 0 || n > math.MaxInt64/int64(time.Millisecond):
			errs = append(errs, fmt.Errorf("%s: %q is no number of milliseconds", name, text))
		case twice:
			errs = append(errs, fmt.Errorf("%s is given twice", name))
		default:
			given[name] = time.Duration(n) * time.Millisecond
		}
	}
	for _, name := range must {
		if _, ok := given[name]; !ok && len(errs) == 0 {
			errs = append(errs, fmt.Errorf("%s windows need %s=", fields[0], name))
		}
	}
	if len(errs) > 0 {
		return window.Spec{}, errors.Join(errs...)
	}
	spec := window.Spec{
		Kind: kind, Size: given["size"] + given["difference"], Advance: given["advance"], Gap: given["gap"],
		Grace: given["grace"],
	}
	return spec, spec.Validate()
}

func kindOf(name string) (window.Kind, []string) {
	switch name {
	case "tumbling":
		return window.KindTumbling, []string{"size"}
	case "hopping":
		return window.KindHopping, []string{"size", "advance"}
	case "sliding":
		return window.KindSliding, []string{"difference"}
	case "session":
		return window.KindSession, []string{"gap"}
	default:
		return 0, nil
	}
}
