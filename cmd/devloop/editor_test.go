package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestEditorsPage: the page shows the file that init writes, and it is JSON.
func TestEditorsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/guides/editors.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), string(vscodeTasks)) {
		t.Error("docs/guides/editors.md does not show vscode-tasks.json as it is")
	}
	if !json.Valid(vscodeTasks) {
		t.Error("vscode-tasks.json is no JSON")
	}
}
