package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/task"
)

func TestDefaultsAreValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestValidateListsEveryProblem(t *testing.T) {
	c := Default()
	c.Brokers, c.Server, c.Partitions, c.Log.Level, c.Health.Window = []string{"nope"}, "ftp://x", 0, "loud", 0
	c.Health.Advance, c.Trace.Endpoint = -time.Second, "collector"
	c.Kafka = Kafka{Compression: "rar", TLS: TLS{CA: "missing.pem"}, SASL: SASL{Mechanism: "GSSAPI", Password: "x", PasswordFile: "y"}}
	c.Run = Run{Slot: -1}
	c.Approval = Approval{Amount: -2, Amounts: map[string]int64{"RUPEES": 1}}
	err := c.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"brokers", "server", "partitions", "log.level", "health.window", "health.advance", "trace.endpoint", "run.slot", "run.data", "approval.amount: -2", `approval.amounts: "RUPEES"`, `kafka: compression "rar"`, "kafka: tls: authorities: open missing.pem",
		"kafka: tls: files are given, but it is not enabled", `kafka: sasl: mechanism "GSSAPI"`, "kafka: sasl: a user is needed",
		"kafka: sasl: a password and a password file are given",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in:\n%v", want, err)
		}
	}
}

// A ledger that keeps rows for as long as card networks allow chargebacks is valid; one that forgets before progress
// does is not.
func TestRetentionOfTheLedger(t *testing.T) {
	for text, want := range map[string]string{
		"12960h": "", "24h": "", "23h": "ledger.retention: 23h0m0s must be at least progress.reorder_horizon, 24h0m0s", "540d": "MILLRACE_LEDGER_RETENTION: must be a duration such as",
	} {
		c, err := Load(Default(), "", []string{"MILLRACE_LEDGER_RETENTION=" + text})
		if err == nil {
			err = c.Validate()
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestLayers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	file := "brokers: [k1:9092, k2:9092]\nprefix: a.\nhealth:\n  window: 30s\nintake:\n  health_instruments:\n    upi: [instrument, attributes.app]\n"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Default(), path, []string{"MILLRACE_PREFIX=b.", "MILLRACE_HEALTH_GRACE=3s", "MILLRACE_PARTITIONS=4", "MILLRACE_BROKERS=k3:1, k4:2", "OTHER=1", "MILLRACE_KAFKA=x", "MILLRACE_FAILPOINT=poll:1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Brokers, " "); got != "k3:1 k4:2" {
		t.Errorf("brokers %s", got)
	}
	if c.Prefix != "b." || c.Health.Window != 30*time.Second || c.Health.Grace != 3*time.Second || c.Partitions != 4 || c.Ledger.PendingTimeout != 5*time.Minute {
		t.Errorf("%+v", c)
	}
	if got := c.Intake.HealthInstruments["upi"]; len(got) != 2 {
		t.Errorf("instruments %v", got)
	}
	out, err := c.YAML()
	if err != nil || !strings.Contains(string(out), "window: 30s") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	unknown := filepath.Join(dir, "u.yaml")
	if err := os.WriteFile(unknown, []byte("brokerz: [a:1]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, load := range map[string]func() error{
		"unknown key":      func() error { _, err := Load(Default(), unknown, nil); return err },
		"missing file":     func() error { _, err := Load(Default(), filepath.Join(dir, "none.yaml"), nil); return err },
		"unknown variable": func() error { _, err := Load(Default(), "", []string{"MILLRACE_BROKRES=x"}); return err },
		"bad number":       func() error { _, err := Load(Default(), "", []string{"MILLRACE_PARTITIONS=many"}); return err },
	} {
		if load() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// leaves returns every setting that is no map and no list of maps, by its path in the file.
func leaves(v reflect.Value, path string, into map[string]reflect.Value) {
	for i := range v.NumField() {
		name := path + v.Type().Field(i).Tag.Get("yaml")
		switch f := v.Field(i); {
		case f.Kind() == reflect.Struct:
			leaves(f, name+".", into)
		case f.Kind() == reflect.Map, f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
		default:
			into[name] = f
		}
	}
}

// other returns a text for a setting that is not its value.
func other(t *testing.T, f reflect.Value) string {
	switch {
	case f.Type() == reflect.TypeFor[time.Duration]():
		return time.Duration(f.Int() + int64(time.Minute)).String()
	case f.Kind() == reflect.Bool:
		return strconv.FormatBool(!f.Bool())
	case f.CanInt():
		return strconv.FormatInt(f.Int()+1, 10)
	case f.Kind() == reflect.String:
		return "other-" + f.String()
	case f.Kind() == reflect.Slice:
		return "other:1"
	}
	t.Fatalf("the test knows no other %s", f.Type())
	return ""
}

// What the variable sets is what the file would set, whatever is added to Config later.
func TestEverySettingHasAVariableAndAPlaceInTheFile(t *testing.T) {
	t.Chdir(t.TempDir()) // no millrace.yaml here
	d := Default()
	all := map[string]reflect.Value{}
	leaves(reflect.ValueOf(&d).Elem(), "", all)
	if len(all) < 15 {
		t.Fatalf("only %d settings", len(all))
	}
	for path, field := range all {
		if strings.HasSuffix(path, ".") || strings.HasPrefix(path, ".") {
			t.Errorf("%q: a field has no yaml name", path)
		}
		variable := "MILLRACE_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
		value := other(t, field)
		byVariable, err := Load(Default(), "", []string{variable + "=" + value})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if reflect.DeepEqual(byVariable, Default()) {
			t.Errorf("%s=%s changes nothing", variable, value)
		}
		file := byLine(path, value, field.Kind())
		if err := os.WriteFile("by-line.yaml", []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		byFile, err := Load(Default(), "by-line.yaml", nil)
		if err != nil {
			t.Errorf("%v in\n%s", err, file)
			continue
		}
		if diff := cmp.Diff(byVariable, byFile); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// byLine writes one setting as a file.
func byLine(path, value string, kind reflect.Kind) string {
	if kind == reflect.Slice {
		value = "[" + strconv.Quote(value) + "]"
	}
	out := ""
	keys := strings.Split(path, ".")
	for depth, key := range keys {
		out += strings.Repeat("  ", depth) + key + ":"
		if depth < len(keys)-1 {
			out += "\n"
		}
	}
	return out + " " + value + "\n"
}

// What `millrace config` prints is a file with the same meaning.
func TestYAMLReadsBack(t *testing.T) {
	c := Default()
	c.Brokers = []string{"a:1", "b:2"}
	c.Health.Window, c.Health.Grace = 90*time.Second, 0
	c.Intake.HealthInstruments = map[string][]string{"upi": {"instrument", "attributes.app"}, "wallet": {"attributes.wallet"}}
	c.Intake.DeclineCodes = map[string]string{"05": "business", "U69": "technical"}
	c.Triggers = []Trigger{{On: "payment_settled", Kind: "thank"}}
	sweep := taskKindOf(task.DefaultBatch("sweep"))
	sweep.Retry.NonRetryable, sweep.Retry.Jitter = []string{"rejected"}, 125
	sweep.Schedules = []TaskSchedule{{"nightly", "30 2 * * *", "Europe/Berlin", map[string]any{"states": "granting"}}}
	c.Tasks.Kinds = []TaskKind{sweep}
	c.Tasks.Worker.Handlers = map[string]TaskHandler{"sweep": {URL: "https://x.example", Concurrency: 3}}
	c.Auth.KeyFile, c.Health.CountTimeouts = "keys: #1.pem", false
	c.Auth.JWKSURL, c.Auth.Leeway = "https://issuer.example/keys", 0
	c.Relay.Sources = map[string]Source{"bank": {SecretFile: "/etc/bank"}}
	c.Approval = Approval{Amount: 5, Amounts: map[string]int64{"JPY": 700, "USD": -1}, Coins: 9}
	out, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), File)
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	back, err := Load(Default(), path, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(c, back); diff != "" {
		t.Errorf("%s\n%s", diff, out)
	}
}

func TestFileInTheWorkingDirectoryIsRead(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(File, []byte("prefix: here.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"": "here.", "empty.yaml": ""} {
		if path != "" {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := Load(Default(), path, nil)
		if err != nil || c.Prefix != want {
			t.Errorf("%q: prefix %q, %v", path, c.Prefix, err)
		}
	}
}

// A file of comments alone changes nothing. A setting without a value is refused: it would take away defaults, such as
// the thresholds of approval.
func TestFilesWithoutValues(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n# log: {level: debug}\n", "{}\n", "\n\n"} {
		got, err := Load(Default(), written(t, text), nil)
		if diff := cmp.Diff(Default(), got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	}
	for text, key := range map[string]string{
		"approval:\n  # coins: 5\n": "approval", "log: {level: }\n": "log.level", "prefix: ~\n": "prefix", "relay:\n  sources:\n    psp:\n": "relay.sources.psp", "brokers: [null]\n": "brokers.0",
	} {
		if _, err := Load(Default(), written(t, text), nil); err == nil || !strings.Contains(err.Error(), key+" has no value: give it one, or leave it out") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), File)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryBadVariableIsNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := Load(Default(), "", []string{
		"MILLRACE_HEALTH_WINDOW=soon", "MILLRACE_HEALTH_COUNT_TIMEOUTS=perhaps", "MILLRACE_REPLICATION=70000", "MILLRACE_TYPO=1", "MILLRACE_INTAKE_DECLINE_CODES=x",
		"MILLRACE_PARTITIONS=0100", "MILLRACE_RUN_SLOT=+5", "MILLRACE_APPROVAL_COINS=1_000",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"MILLRACE_HEALTH_WINDOW: must be a duration such as 30s", "MILLRACE_HEALTH_COUNT_TIMEOUTS: must be true or false",
		"MILLRACE_REPLICATION: must be -32768 to 32767", "MILLRACE_PARTITIONS: must be a whole number in decimal digits without leading zeros",
		"MILLRACE_RUN_SLOT: must be a whole number in decimal digits, such as 100", "MILLRACE_APPROVAL_COINS: must be a whole number",
		"MILLRACE_TYPO is not a setting", "MILLRACE_INTAKE_DECLINE_CODES is not a setting",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

// A password is used and never shown.
func TestSecretsAreRedacted(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := Load(Default(), "", []string{"MILLRACE_KAFKA_SASL_MECHANISM=scram-sha-512", "MILLRACE_KAFKA_SASL_USER=u", "MILLRACE_KAFKA_SASL_PASSWORD=hunter2"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if got := c.Client().SASL; got.Password != "hunter2" || got.Mechanism != "SCRAM-SHA-512" || got.User != "u" {
		t.Errorf("clients get %+v", got)
	}
	out, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	for how, text := range map[string]string{"yaml": string(out), "v": fmt.Sprintf("%v", c), "+v": fmt.Sprintf("%+v", c), "#v": fmt.Sprintf("%#v", c)} {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, redacted) {
			t.Errorf("%s: %s", how, text)
		}
	}
}

// Triggers are lists of maps: for the file, and no variable.
func TestTriggers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(path, []byte("triggers:\n- {on: payment_settled, kind: thank, delay: 10m, priority: -2, dedupe: user}\n- {on: state_changed, kind: page}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Default(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Trigger{
		{On: "payment_settled", Kind: "thank", Delay: 10 * time.Minute, Priority: -2, Dedupe: "user"},
		{On: "state_changed", Kind: "page"},
	}; !slices.Equal(c.Triggers, want) {
		t.Errorf("%v, want %v", c.Triggers, want)
	}
	if _, err := Load(Default(), path, []string{"MILLRACE_TRIGGERS=a"}); err == nil {
		t.Error("a variable was taken")
	}
}

func TestAuthAndRatesThatMakeNoSense(t *testing.T) {
	c := Default()
	c.Auth.JWKSURL, c.Auth.JWKSRefresh, c.Auth.Leeway = "http://issuer.example/keys", time.Second, time.Hour
	c.Rate.User, c.Rate.Panel.PerSecond = Limit{PerSecond: 1}, -1
	err := c.Validate()
	for _, want := range []string{"auth.jwks_url: token keys: the URL must be https", "auth.jwks_refresh", "auth.leeway", "rate.user: burst", "rate.panel: per_second"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing of %q in %v", want, err)
		}
	}
}

// A configuration file is read as YAML 1.2, whole, or refused.
func TestFilesThatCanBeMisread(t *testing.T) {
	load := func(text string) (Config, error) {
		path := filepath.Join(t.TempDir(), "millrace.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(Default(), path, nil)
	}
	for text, want := range map[string]string{
		"partitions: 010\n":                   "line 1, column 13: needs a number without leading zeros",
		"partitions: 0b11\n":                  "line 1, column 13: needs a number",
		"partitions: 1_0\n":                   "line 1, column 13: needs a number",
		"partitions: 0x10\n":                  "line 1, column 13: needs a number",
		"partitions: 4\n---\npartitions: 6\n": "line 3, column 1: a second document",
		"partitions: 4\npartitions: 6\n":      "line 2, column 1: ",
		"a: &a {b: 1}\nc:\n  <<: *a\n":        "merge keys are not part of YAML 1.2",
	} {
		if _, err := load(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if c, err := load("\ufeffpartitions: 8\r\n"); err != nil || c.Partitions != 8 {
		t.Errorf("%v %d", err, c.Partitions)
	}
}

func TestAddressesOfBrokers(t *testing.T) {
	for text, ok := range map[string]bool{
		"a:9092": true, "[::1]:9092": true, "10.0.0.1:1": true, "a:99999": false, ":9092": false, "a:0": false, "a": false, "a:kafka": false, "a:-1": false, "": false,
	} {
		c := Default()
		c.Brokers = []string{text}
		if err := c.Validate(); ok != (err == nil) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestListsOfVariables(t *testing.T) {
	for text, want := range map[string]string{"a:1": "[a:1]", " a:1 , b:2 ": "[a:1 b:2]", "": "[]", "a:1,,b:2": "", "a:1,": "", ",": ""} {
		c, err := Load(Default(), "", []string{"MILLRACE_BROKERS=" + text})
		if got := fmt.Sprint(c.Brokers); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}
