// Package missions holds the sample missions: files for `millrace mission apply -f`, and the same with windows around
// the present for `millrace dev`.
package missions

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"time"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

//go:embed *.yaml
var files embed.FS

// samplePrefix begins the ids of Samples, so that the files can be applied beside them.
const samplePrefix = "sample-"

// Samples returns every sample mission with its window moved: it begins on the local day before now and keeps its
// length. They are equal for all of a day, so that applying them again changes nothing until the next.
func Samples(now instant.Milli) ([]mission.Mission, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var out []mission.Mission
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		missions, err := missioncodec.ParseAll(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, m := range missions {
			if err := move(&m.Window, m.TimeZone, now); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			m.ID = samplePrefix + m.ID
			out = append(out, m)
		}
	}
	return out, nil
}

// move shifts a window of local dates. Windows of other kinds are always in force.
func move(w *mission.Window, zone string, now instant.Milli) error {
	if w.Kind != mission.WindowFixed {
		return nil
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return err
	}
	from, err := time.Parse(time.DateOnly, w.From)
	if err != nil {
		return err
	}
	to, err := time.Parse(time.DateOnly, w.To)
	if err != nil {
		return err
	}
	begin := now.Time().In(location).AddDate(0, 0, -1)
	w.From = begin.Format(time.DateOnly)
	w.To = begin.AddDate(0, 0, int(to.Sub(from).Hours()/24)).Format(time.DateOnly)
	return nil
}
