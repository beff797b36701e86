package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/version"
)

func run(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := command()
	c.SetArgs(arguments)
	c.SetOut(&out)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestVersion(t *testing.T) {
	out, err := run(t, "--version")
	if err != nil || !strings.Contains(out, version.String()) {
		t.Errorf("%q %v", out, err)
	}
}

func TestWrongUseSaysWhatToDo(t *testing.T) {
	for want, arguments := range map[string][]string{
		"config/standalone":   {},
		"unknown log format":  {"--config", "x", "--log-format", "xml"},
		"unknown flag":        {"--confg", "x"},
		"listen for the publ": {"--config", "x", "--public-address", "nowhere.invalid:1", "--internal-address", "127.0.0.1:0"},
	} {
		if _, err := run(t, arguments...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", arguments, err)
		}
	}
}

func TestFlagsComeFromTheEnvironment(t *testing.T) {
	t.Setenv("FRONTDESK_LOG_FORMAT", "xml")
	if _, err := run(t, "--config", "x"); err == nil || !strings.Contains(err.Error(), `"xml"`) {
		t.Errorf("the variable is not used: %v", err)
	}
	if _, err := run(t, "--config", "x", "--log-format", "yaml"); err == nil || !strings.Contains(err.Error(), `"yaml"`) {
		t.Errorf("the flag does not go before the variable: %v", err)
	}
	t.Setenv("FRONTDESK_DRAIN_DELAY", "soon")
	if _, err := run(t, "--config", "x"); err == nil || !strings.Contains(err.Error(), "FRONTDESK_DRAIN_DELAY") {
		t.Errorf("a bad value does not name its variable: %v", err)
	}
}

func TestMigrateSaysWhatItNeeds(t *testing.T) {
	for want, arguments := range map[string][]string{
		"--config and --from are needed": {"migrate"},
		"can be copied to":               {"migrate", "--config", "../../config/standalone", "--from", "x"},
		"does not exist":                 {"migrate", "--config", t.TempDir(), "--from", "x"},
	} {
		if _, err := run(t, arguments...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", arguments, err)
		}
	}
}
