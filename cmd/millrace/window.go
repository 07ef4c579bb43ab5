package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/window/script"
)

// maxScript bounds a window script, in bytes.
const maxScript = 16 << 20

func (a *app) windowCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "window", Short: "Try out windows"}
	cmd.AddCommand(&cobra.Command{
		Use:   "run SCRIPT",
		Short: "Run a window script, - for standard input",
		Long: `Shows what windows do with events, without Kafka: one line for each final, late event and revision. A script:

  window tumbling size=10 grace=0     # hopping size= advance= grace= | session gap= grace= | sliding difference= grace=
  a 1@0                               # key value@event time in ms; the value defaults to the key
  watermark 15                        # without any watermark line, the largest event time drives
  restart                             # state is written out and read back

A record is judged late or not against the time before it, then added, then time advances. The end of the script closes
nothing.`,
		Example: "  millrace window run windows.txt\n  printf 'window tumbling size=10\\na 1@0\\na 2@10\\n' | millrace window run -",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readScript(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			lines, err := script.Run(text)
			for _, l := range lines {
				if _, err := fmt.Fprintln(a.out, l); err != nil {
					return err
				}
			}
			return err
		},
	})
	return cmd
}

func readScript(name string, in io.Reader) (string, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxScript+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxScript {
		return "", fmt.Errorf("the script is larger than %d MiB", maxScript>>20)
	}
	return string(text), nil
}
