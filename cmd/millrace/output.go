package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/visible"
)

// below stands at the beginning of the first cell of a row that belongs to the one above it.
const below = "\v"

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
		cells := make([]string, len(r))
		for i, text := range r {
			cells[i] = cell(text)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// cell returns what a table shows of a text: what cannot be seen, or would move the terminal, in quotes.
func cell(text string) string {
	value := strings.TrimLeft(text, below)
	indent := strings.Repeat("  ", len(text)-len(value))
	if visible.Hides(value) {
		value = visible.Text(value)
	}
	return indent + value
}

func (a *app) configCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration",
		Long:  "Prints what defaults, file, environment and flags add up to, as YAML unless -o says json. Key files are named, never shown.",
		RunE: func(*cobra.Command, []string) error {
			out, err := a.config.YAML()
			if err == nil && a.flags.output == "json" {
				out, err = indented(out)
			}
			if err != nil {
				return err
			}
			_, err = a.out.Write(out)
			return err
		},
	}
}

// indented returns YAML as JSON for people.
func indented(text []byte) ([]byte, error) {
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(raw), "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
