package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/millrace/millrace/test/smoke/mutant"
)

// selftest finds out whether a run notices what it is there to notice. Bad luck alone must not harm a sound binary.
func selftest(ctx context.Context, o options, logger *log.Logger) int {
	code := 0
	for _, m := range append([]mutant.Mutant{mutant.Strain()}, mutant.Defects()...) {
		o.mutants = []mutant.Mutant{mutant.Strain()}
		sound := m.Name == mutant.Strain().Name
		if !sound {
			o.mutants = append(o.mutants, m)
		}
		logger.Printf("%s: %s", m.Name, m.Why)
		result, err := once(ctx, o, logger)
		if err != nil {
			logger.Printf("%s: %v", m.Name, err)
			return 2
		}
		result.log(logger)
		verdict := "caught"
		switch {
		case sound && result.ok():
			verdict = "no damage"
		case sound:
			verdict, code = "NOT SOUND", 1
		case len(result.void()) > 0:
			verdict, code = "VOID", 1
		case result.verdict.OK():
			verdict, code = "NOT CAUGHT", 1
		}
		fmt.Fprintf(os.Stdout, "%s: %s: %s\n", m.Name, verdict, result.line())
	}
	return code
}
