package livereload

import (
	"crypto/sha256"
	"encoding/base64"
)

// Integrity is the script's hash, as a page or a policy has it.
func Integrity() string {
	sum := sha256.Sum256(script())
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
