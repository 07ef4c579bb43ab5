package main

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// service is what this program needs to know of a service of compose.yaml.
type service struct {
	Image       string              `yaml:"image"`
	Build       map[string]any      `yaml:"build"`
	Command     []string            `yaml:"command"`
	Environment map[string]string   `yaml:"environment"`
	Ports       []string            `yaml:"ports"`
	Volumes     []mount             `yaml:"volumes"`
	Restart     string              `yaml:"restart"`
	Profiles    []string            `yaml:"profiles"`
	DependsOn   map[string]struct{} `yaml:"depends_on"`
	Healthcheck struct {
		Test    []string `yaml:"test"`
		Disable bool     `yaml:"disable"`
	} `yaml:"healthcheck"`
}

// ours tells whether the service runs the millrace binary.
func (s *service) ours() bool { return s.Build != nil }

// ends tells whether the service does its work and ends.
func (s *service) ends() bool { return s.Restart != "unless-stopped" }

// mount is a volume, in either of the two forms that compose has.
type mount struct{ Source, Target string }

// UnmarshalYAML reads both forms.
func (m *mount) UnmarshalYAML(raw []byte) error {
	var short string
	if yaml.Unmarshal(raw, &short) == nil {
		var found bool
		if m.Source, m.Target, found = strings.Cut(strings.TrimSuffix(short, ":ro"), ":"); !found {
			return fmt.Errorf("volume %q is not source:target", short)
		}
		return nil
	}
	var long struct {
		Source string `yaml:"source"`
		Target string `yaml:"target"`
	}
	err := yaml.Unmarshal(raw, &long)
	m.Source, m.Target = long.Source, long.Target
	return err
}

// readYAML reads a file in which keys that were merged may be set again.
func readYAML(file string, into any) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(raw, into, yaml.AllowDuplicateMapKey()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func readCompose(file string) (map[string]*service, error) {
	var c struct {
		Services map[string]*service `yaml:"services"`
	}
	if err := readYAML(file, &c); err != nil {
		return nil, err
	}
	for name, s := range c.Services {
		if s.ours() && len(s.Command) == 0 {
			return nil, fmt.Errorf("%s: service %s has no command", file, name)
		}
	}
	return c.Services, nil
}

// started returns our services in the order in which compose starts them.
func started(all map[string]*service) ([]string, error) {
	var order []string
	done := map[string]bool{}
	var visit func(name string, path []string) error
	visit = func(name string, path []string) error {
		s := all[name]
		switch {
		case s == nil:
			return fmt.Errorf("%s depends on %s, which is no service", path[len(path)-1], name)
		case slices.Contains(path, name):
			return fmt.Errorf("services depend on each other: %v", append(path, name))
		case done[name]:
			return nil
		}
		for _, other := range slices.Sorted(maps.Keys(s.DependsOn)) {
			if err := visit(other, append(path, name)); err != nil {
				return err
			}
		}
		done[name] = true
		if s.ours() {
			order = append(order, name)
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := visit(name, nil); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// dockerfile is how the image is made.
type dockerfile struct {
	build      string // the command that makes the binary, for a shell
	entrypoint string
}

var (
	buildLine      = regexp.MustCompile(`(?m)^RUN (.*\bgo build .*)$`)
	entrypointLine = regexp.MustCompile(`(?m)^ENTRYPOINT \["([^"]+)"\]$`)
)

func readDockerfile(file string) (dockerfile, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return dockerfile{}, err
	}
	build, entry := buildLine.FindSubmatch(raw), entrypointLine.FindSubmatch(raw)
	if build == nil || entry == nil {
		return dockerfile{}, fmt.Errorf("%s: no RUN line with go build, or no ENTRYPOINT of one word", file)
	}
	d := dockerfile{build: string(build[1]), entrypoint: string(entry[1])}
	if !strings.Contains(d.build, "-o "+d.entrypoint+" ") {
		return d, fmt.Errorf("%s: %q does not make %s, which the image starts", file, d.build, d.entrypoint)
	}
	return d, nil
}
