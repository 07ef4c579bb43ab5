package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/millrace/millrace/domain/problem"
)

// ContextVariable names the context of client commands. It is no setting.
const ContextVariable = "MILLRACE_CONTEXT"

// NoContext is the name that stands for no context.
const NoContext = "default"

// Context is a deployment as client commands reach it. What is empty is as it would be without a context.
type Context struct {
	Server  string   `yaml:"server,omitempty"`
	Brokers []string `yaml:"brokers,omitempty"`
	Prefix  string   `yaml:"prefix,omitempty"`
	// TokenFile and Token are for Server alone; one of them at most.
	TokenFile string `yaml:"token_file,omitempty"`
	Token     string `yaml:"token,omitempty"`
}

// Contexts are the contexts of a person, by name.
type Contexts struct {
	// Current is the one that commands take which name no other; empty for none.
	Current  string             `yaml:"current,omitempty"`
	Contexts map[string]Context `yaml:"contexts,omitempty"`
}

// ContextsPath returns where a person's contexts are kept: below XDG_CONFIG_HOME, or what stands for it on this system.
func ContextsPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("contexts: %w", err)
	}
	return filepath.Join(dir, "millrace", "contexts.yaml"), nil
}

// LoadContexts reads contexts; a file that is not there holds none. A file that others may read is refused if it holds
// a token.
func LoadContexts(path string) (Contexts, error) {
	c := Contexts{Contexts: map[string]Context{}}
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("contexts: %w", err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("contexts: %w", err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Contexts{}, fmt.Errorf("contexts: %s cannot be read, `millrace context` writes it: %s", path,
			blamed(err))
	}
	if c.Contexts == nil {
		c.Contexts = map[string]Context{}
	}
	for _, one := range c.Contexts {
		if one.Token != "" && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			return Contexts{}, fmt.Errorf("contexts: %s holds a token, and others may read it (%v): chmod 600 %s, and have the token replaced", path, info.Mode().Perm(), path)
		}
	}
	return c, nil
}

// blamed returns the first line of an error of YAML: the others show the file, and with it a token.
func blamed(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// Save writes the contexts in one piece, for nobody else to read.
func (c Contexts) Save(path string) (err error) {
	raw, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".contexts-*") // mode 0600
	if err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("contexts: %w", err), os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Names returns the names of all, in order.
func (c Contexts) Names() []string { return slices.Sorted(maps.Keys(c.Contexts)) }

// Find returns the context that a flag, or else the variable, names, or else the current one; false if that is none.
func (c Contexts) Find(flag, variable string) (Context, bool, error) {
	name, by := c.Current, "the current context"
	switch {
	case flag != "":
		name, by = flag, "--context"
	case variable != "":
		name, by = variable, ContextVariable
	}
	if name == "" || name == NoContext {
		return Context{}, false, nil
	}
	found, ok := c.Contexts[name]
	if !ok {
		return Context{}, false, fmt.Errorf("%s: there is no context %q%s (`millrace context list` shows those that there are, `millrace context set` makes one)",
			by, name, problem.Hint(name, c.Names()))
	}
	return found, true, nil
}

var contextName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckContextName returns what is wrong with a name for a context.
func CheckContextName(name string) error {
	if name == NoContext {
		return fmt.Errorf("%q stands for no context: choose another name", name)
	}
	if !contextName.MatchString(name) {
		return fmt.Errorf("context %q: a name has letters, digits, '.', '_' and '-', begins with a letter or digit, and has at most 64", name)
	}
	return nil
}

// Overlay sets what the context says.
func (x Context) Overlay(c *Config) {
	if x.Server != "" { // a token is for its server
		c.Server, c.TokenFile = x.Server, x.TokenFile
	}
	if len(x.Brokers) > 0 {
		c.Brokers = slices.Clone(x.Brokers)
	}
	if x.Prefix != "" {
		c.Prefix = x.Prefix
	}
}
