package engine

import (
	"fmt"
	"log/slog"
	"strings"
)

// gokaLog hands goka's lines to slog. goka knows one level only, so those that speak of errors become warnings and the
// rest debug lines.
type gokaLog struct{ log *slog.Logger }

func (l gokaLog) Print(v ...any)   { l.write(fmt.Sprint(v...)) }
func (l gokaLog) Println(v ...any) { l.write(fmt.Sprint(v...)) }

func (l gokaLog) Printf(format string, v ...any) { l.write(fmt.Sprintf(format, v...)) }

func (l gokaLog) write(line string) {
	line = strings.TrimSpace(line)
	if strings.Contains(line, "rror") || strings.Contains(line, "ailed") {
		l.log.Warn(line)
		return
	}
	l.log.Debug(line)
}
