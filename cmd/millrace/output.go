package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

// table is the tabular form of an answer.
type table struct {
	header []string
	rows   [][]string
}

// print writes v in the form that -o asks for; asTable makes the tabular one.
func (a *app) print(v any, asTable func() table) error {
	switch a.flags.output {
	case "json":
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	case "yaml":
		// By way of JSON, so that both have the same names.
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		out, err := yaml.JSONToYAML(raw)
		if err != nil {
			return err
		}
		_, err = a.out.Write(out)
		return err
	}
	t := asTable()
	w := tabwriter.NewWriter(a.out, 0, 8, 2, ' ', 0)
	if t.header != nil {
		fmt.Fprintln(w, strings.ToUpper(strings.Join(t.header, "\t")))
	}
	for _, r := range t.rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

func (a *app) configCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration",
		Long:  "Prints what defaults, file, environment and flags add up to. Key files are named, never shown.",
		RunE: func(*cobra.Command, []string) error {
			out, err := a.config.YAML()
			if err != nil {
				return err
			}
			_, err = a.out.Write(out)
			return err
		},
	}
}
