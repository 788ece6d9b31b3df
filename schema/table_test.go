package schema

import (
	"regexp"
	"strings"
	"testing"
)

// TestTables holds what the reference, the schema and the hints rely on: every
// key is described once, and every hint that is one word is a key of the table.
func TestTables(t *testing.T) {
	checkTable(t, topKeys)
	checkTable(t, socketKeys)
	checkTable(t, watcherKeys)
	checkTable(t, commandStage)
	checkTable(t, groupStage)
	checkTable(t, processKeys)
	checkTable(t, readyKeys)
	checkTable(t, stopKeys)
	checkTable(t, backoffKeys)
	checkTable(t, dependencyKeys)
	checkTable(t, envFileKeys)
}

var oneWord = regexp.MustCompile(`^[a-z_]+$`)

func checkTable[T any](t *testing.T, table *table[T]) {
	t.Helper()
	seen := map[string]bool{}
	for _, k := range table.keys {
		if seen[k.name] || !oneWord.MatchString(k.name) {
			t.Errorf("%s: the key %q appears twice, or is no word", table.what, k.name)
		}
		seen[k.name] = true
		if k.doc == "" || strings.HasSuffix(k.doc, ".") || k.shape.name == "" || k.read == nil {
			t.Errorf("%s: the key %q is not described", table.what, k.name)
		}
		if k.required && k.def != "" {
			t.Errorf("%s: the key %q is required and has a default", table.what, k.name)
		}
	}
	var names []string
	for _, one := range table.aliases {
		names = append(names, strings.Fields(one.names)...)
	}
	for _, name := range names {
		hint, _ := table.aliases.hint(name)
		if oneWord.MatchString(hint) && !seen[hint] {
			t.Errorf("%s: the hint for %q is %q, which is no key of it", table.what, name, hint)
		}
		if seen[name] {
			t.Errorf("%s: %q has a hint, and is a key", table.what, name)
		}
	}
}

func TestSnake(t *testing.T) {
	for in, want := range map[string]string{
		"dependsOn": "depends_on", "depends-on": "depends_on", "Watch": "watch", "TimeoutStopSec": "timeout_stop_sec",
		"ENV": "env", "env_file": "env_file", "ünïCode": "ünï_code", "": "",
	} {
		if got := snake(in); got != want {
			t.Errorf("snake(%q) = %q, want %q", in, got, want)
		}
	}
}
