//go:build linux || darwin || freebsd

package control

import "path/filepath"

// Lease is the path of a file beside the control socket, for what the next loop
// of the configuration must know if this one comes to a sudden end.
func (c *Claim) Lease() string { return filepath.Join(c.place.dir, "lease") }
