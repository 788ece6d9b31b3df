package browsertest

import (
	_ "embed"
	"strings"
)

//go:embed payloads.txt
var payloads string

// Payloads are texts that set window.pwned if a page takes one for more than text.
func Payloads() []string { return strings.Split(strings.TrimRight(payloads, "\n"), "\n") }
