//go:build linux || darwin || freebsd

package control

import "path/filepath"

// Dir is the directory that the claim writes in, and the guardian for it.
func (c *Claim) Dir() string { return c.place.dir }

// CrashRecord is the path of a file beside the control socket, for what the next loop
// of the configuration must know if this one comes to a sudden end.
func (c *Claim) CrashRecord() string { return filepath.Join(c.place.dir, "crash-record") }
