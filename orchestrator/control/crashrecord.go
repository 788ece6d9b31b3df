//go:build linux || darwin || freebsd

package control

import "path/filepath"

// Dir is the directory of the claim's files, and of the guardian's.
func (c *Claim) Dir() string { return c.place.dir }

// CrashRecord is the path of a file beside the control socket, for what the next loop of the configuration
// must know if this one ends suddenly.
func (c *Claim) CrashRecord() string { return filepath.Join(c.place.dir, "crash-record") }
