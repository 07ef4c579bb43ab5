package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/millrace/millrace/codecs/doc"
)

// File is the name of the configuration file that Load reads if no other is named.
const File = "millrace.yaml"

// Load returns base overlaid with the file at path, with what over sets, and the environment. An empty path means File
// in the working directory, which may be missing; a path given must exist. Unknown keys and unknown MILLRACE_*
// variables are errors.
func Load(base Config, path string, environ []string, over ...func(*Config)) (Config, error) {
	c := base
	required := path != ""
	if !required {
		path = File
	}
	raw, err := os.ReadFile(path)
	switch {
	case err == nil:
		if raw, err = doc.ConfigText(raw); err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
		if err := decode(raw, &c); err != nil {
			return c, fmt.Errorf("%s: %w", path, err)
		}
	case required || !errors.Is(err, os.ErrNotExist):
		return c, err
	}
	for _, set := range over {
		set(&c)
	}
	err = fromEnvironment(&c, environ)
	return c, err
}

// decode sets what a file sets. A null would take defaults away, so nothing but the whole file may be one.
func decode(raw []byte, c *Config) error {
	var document any
	if yaml.Unmarshal(raw, &document) == nil { // else the decoder says what is wrong
		if document == nil {
			return nil
		}
		if err := valued("", document); err != nil {
			return err
		}
	}
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// valued returns an error that names every null below a node.
func valued(name string, node any) error {
	below := func(key string) string { return strings.TrimPrefix(name+"."+key, ".") }
	var errs []error
	switch node := node.(type) {
	case nil:
		return fmt.Errorf("%s has no value: give it one, or leave it out", name)
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			errs = append(errs, valued(below(key), node[key]))
		}
	case []any:
		for i, item := range node {
			errs = append(errs, valued(below(strconv.Itoa(i)), item))
		}
	}
	return errors.Join(errs...)
}

func fromEnvironment(c *Config, environ []string) error {
	fields := map[string]reflect.Value{}
	collect(reflect.ValueOf(c).Elem(), "MILLRACE", fields)
	var errs []error
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "MILLRACE_") || reserved(name) {
			continue
		}
		field, ok := fields[name]
		if !ok {
			errs = append(errs, fmt.Errorf("environment: %s is not a setting", name))
			continue
		}
		if err := assign(field, value); err != nil {
			errs = append(errs, fmt.Errorf("environment: %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// Failpoint is the variable by which a crash test tells `run` where to kill itself, as name:count.
const Failpoint = "MILLRACE_FAILPOINT"

// Token is the variable that holds the token of client commands. It is no setting, so that nothing prints it.
const Token = "MILLRACE_TOKEN"

// reserved variables are no settings: they configure tests, or are secret.
func reserved(name string) bool {
	return name == "MILLRACE_KAFKA" || name == Failpoint || name == Token || name == ContextVariable
}

func collect(v reflect.Value, prefix string, into map[string]reflect.Value) {
	for i := range v.NumField() {
		name := prefix + "_" + strings.ToUpper(v.Type().Field(i).Tag.Get("yaml"))
		switch f := v.Field(i); {
		case f.Kind() == reflect.Struct:
			collect(f, name, into)
		case f.Kind() == reflect.Map, f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			// they are for the file
		default:
			into[name] = f
		}
	}
}

func assign(f reflect.Value, text string) error {
	if f.Type() == reflect.TypeFor[time.Duration]() {
		d, err := ParseDuration(text)
		if err != nil {
			return err
		}
		f.SetInt(int64(d))
		return nil
	}
	switch f.Kind() {
	case reflect.String:
		f.SetString(text)
	case reflect.Bool:
		b, err := ParseBool(text)
		if err != nil {
			return err
		}
		f.SetBool(b)
	case reflect.Int16, reflect.Int32, reflect.Int64:
		return setWhole(f, text)
	case reflect.Slice:
		list, err := splitList(text)
		if err != nil {
			return err
		}
		f.Set(reflect.ValueOf(list))
	default:
		return fmt.Errorf("cannot be set by a variable (%s)", f.Kind())
	}
	return nil
}

// splitList returns what stands between commas; an empty text is an empty list.
func splitList(text string) ([]string, error) {
	var out []string
	if strings.TrimSpace(text) == "" {
		return out, nil
	}
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s == "" {
			return nil, errors.New("has nothing between two commas, or at an end: write values with one comma between them")
		}
		out = append(out, s)
	}
	return out, nil
}

// YAML returns the effective configuration as a file would hold it. It holds paths to key files, never keys, and
// no password.
func (c Config) YAML() ([]byte, error) { return yaml.Marshal(c) }
