//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// The browser is the first that $BROWSER names, with its arguments; over SSH there is none of the machine's own.
func TestBrowse(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "browser")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$@\" >\"$0.new\" && mv \"$0.new\" \"$0.got\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BROWSER", program+" --new:none")
	const address = "http://127.0.0.1:7777/login?t=1&x='$(no)'"
	if err := browse(address); err != nil {
		t.Fatal(err)
	}
	var got []byte
	testenv.UntilTrue(t, "the browser runs", func() (done bool) {
		text, err := os.ReadFile(program + ".got")
		got = text
		return err == nil
	})
	if string(got) != "--new "+address+"\n" {
		t.Errorf("the browser got %q", got)
	}
	t.Setenv("BROWSER", "")
	t.Setenv("SSH_CONNECTION", "1")
	if err := browse(address); err == nil || !strings.Contains(err.Error(), address) {
		t.Errorf("over SSH: %v", err)
	}
	t.Setenv("BROWSER", filepath.Join(dir, "none"))
	if err := browse(address); err == nil {
		t.Error("a browser that is not there has been started")
	}
}
