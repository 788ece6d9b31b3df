package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"devloop/schema"
)

// app is what every verb shares: the global flags and the streams.
type app struct {
	// devloop's own messages go to stdout and stderr, whatever they quote: see [console.VisibleWriter].
	// screen and screenErr are the same streams unfiltered, for drawing.
	stdout, stderr    io.Writer
	screen, screenErr io.Writer

	file       string
	color      string
	timestamps bool
	logFile    string
	verbose    bool
	status     string
	noReuse    bool
	detached   bool // this is the loop in the background
	attention  attention
}

// find finds the configuration file.
func (a *app) find() (string, error) {
	if a.file != "" {
		return a.file, nil
	}
	defer a.reportSlow("this directory")()
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the current directory: %w", err)
	}
	return schema.Find(dir)
}

// slowDisk is how long the configuration may take to be found or read before people are told.
const slowDisk = time.Second

// reportSlow reports that a place does not answer for a while, until done is called.
func (a *app) reportSlow(place string) (done func()) {
	slow := time.AfterFunc(slowDisk, func() {
		fmt.Fprintf(a.stderr, "devloop: the file system of %s has not answered for %v; waiting for it (Ctrl-C ends devloop)\n", place, slowDisk)
	})
	return func() { slow.Stop() }
}

// json writes a value for programs.
func (a *app) json(value any) error { return writeJSON(a.stdout, value) }

func writeJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// jsonLine writes a value for programs, in one line.
func (a *app) jsonLine(value any) error {
	e := json.NewEncoder(a.stdout)
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

// useColor follows --color, then NO_COLOR (https://no-color.org), then whether the output can show colours.
func (a *app) useColor(w io.Writer) (bool, error) {
	switch a.color {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && os.Getenv("CI") == "", nil
	}
	return false, usageError{fmt.Errorf("--color %s: expected auto, always or never", a.color), "devloop"}
}

// reuseFlag gives a verb that runs stages the flag that all of them are to run.
func (a *app) reuseFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&a.noReuse, "no-reuse", false, "run every stage, also one that has passed with the same inputs, and keep nothing")
}

// withoutReuse tells whether every stage is to run.
func (a *app) withoutReuse() bool {
	switch strings.ToLower(os.Getenv("DEVLOOP_REUSE")) {
	case "off", "no", "false", "0":
		return true
	}
	return a.noReuse
}
