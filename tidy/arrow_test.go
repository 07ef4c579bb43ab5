package tidy

import (
	"path"
	"strconv"
	"strings"
)

const (
	goka       = "github.com/lovoo/goka"
	sarama     = "github.com/IBM/sarama"
	prometheus = "github.com/prometheus/client_golang"
)

// groupMetrics is the one package under processors that is no group: it registers metrics that several groups share by
// contract, so every group may import it. It may import none of the layers itself.
const groupMetrics = "processors/metric"

// arrow says what the product files of one layer may import: of this module, and of others. A path allows what lies
// under it.
type arrow struct {
	inside  []string
	outside []string
	any     bool // any other module, but for sarama
}

// arrows is the picture in docs/design.md, section 2. Layers that are not named here (cmd, examples, test) join the
// others.
func arrows() map[string]arrow {
	return map[string]arrow{
		"domain":     {inside: []string{"domain"}},
		"codecs":     {inside: []string{"domain", "codecs"}, outside: []string{"google.golang.org/protobuf/encoding/protowire", "github.com/goccy/go-yaml", "github.com/robfig/cron/v3", "golang.org/x/text/unicode/norm"}},
		"stream":     {inside: []string{"stream"}, outside: []string{goka}},
		"topology":   {inside: []string{"domain", "codecs", "stream", "topology"}, outside: []string{goka}},
		"oracle":     {inside: []string{"domain", "codecs"}},
		"traffic":    {inside: []string{"domain"}},
		"processors": {inside: []string{"domain", "codecs", "stream", "topology", groupMetrics}, outside: []string{goka, prometheus}},
		"views":      {inside: []string{"domain", "codecs", "stream", "topology", "views"}, any: true},
		"worker":     {inside: []string{"domain/task", "domain/instant", "codecs/task", "codecs/reward", "stream", "engine", "views/signature", "worker"}, outside: []string{prometheus, "github.com/twmb/franz-go"}},
		"engine":     {inside: []string{"stream", "engine"}, outside: []string{goka, sarama, prometheus, "github.com/twmb/franz-go", "github.com/tidwall/btree", "github.com/cockroachdb/pebble"}},
	}
}

// impure are parts of the standard library by which a decision would depend on more than its arguments.
func impure() []string {
	return []string{"os", "io/fs", "net", "log", "math/rand", "crypto/rand", "syscall", "runtime", "testing"}
}

// judged are the decisions that oracle and test/model make anew. Their observed.go reads what Millrace wrote and needs
// their types.
func judged() []string {
	return []string{"domain/ledger", "domain/mission", "domain/budget", "domain/reward", "domain/health", "domain/window", "processors"}
}

func importArrows(s source) []string {
	var out []string
	for _, imp := range s.file.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			continue
		}
		if why := wrongImport(s, p); why != "" {
			out = append(out, s.at(imp.Pos(), why+": "+p))
		}
	}
	return out
}

func wrongImport(s source, p string) string {
	inner, inside := strings.CutPrefix(p, module+"/")
	switch {
	case s.test():
		return "" // tests join what they test
	case inside && testPackage(inner):
		return "only tests import a test package"
	case under(p, sarama) && s.layer() != "engine":
		return "sarama stays in engine"
	case s.layer() == "domain" && underAny(p, impure()):
		return "domain decides from its arguments alone"
	case inside && s.dir() == groupMetrics:
		return "the groups' metrics know nothing of the groups, nor of what they decide"
	case underAny(s.dir(), []string{"oracle", "test/model"}) && path.Base(s.path) != "observed.go" && underAny(inner, judged()):
		return "the oracle shares no decision with what it checks"
	}
	a, ok := arrows()[s.layer()]
	switch {
	case !ok || !inside && !strings.Contains(strings.SplitN(p, "/", 2)[0], "."): // the standard library
		return ""
	case inside && !underAny(inner, a.inside) && !ownProcessor(s, inner):
		return "import against the arrows of " + s.layer()
	case !inside && !a.any && !underAny(p, a.outside):
		return s.layer() + " does without this module"
	}
	return ""
}

// ownProcessor allows a processor its own subpackages; processors never import each other.
func ownProcessor(s source, inner string) bool {
	parts := strings.Split(s.dir(), "/")
	return s.layer() == "processors" && len(parts) > 1 && under(inner, path.Join(parts[:2]...))
}

func under(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

func underAny(p string, roots []string) bool {
	for _, r := range roots {
		if under(p, r) {
			return true
		}
	}
	return false
}
