// Command heavy imports what a grown program imports, so that a benchmark shows what its size and its packages'
// initialisation add to a start through the shim.
package main

import (
	"net/http"
	"os"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/fsnotify/fsnotify"
	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"
	"mvdan.cc/sh/v3/syntax"

	_ "devloop/orchestrator/listenfd/shim"
)

func main() {
	// Used, so that the linker keeps them.
	var v any
	_ = yaml.Unmarshal([]byte("a: 1"), &v)
	_ = doublestar.ValidatePattern("**")
	_ = syntax.NewParser()
	_ = http.DefaultClient
	if w, err := fsnotify.NewWatcher(); err == nil {
		_ = w.Close()
	}
	c := &cobra.Command{Use: "heavy", Run: func(*cobra.Command, []string) {}}
	if c.Execute() != nil {
		os.Exit(1)
	}
}
