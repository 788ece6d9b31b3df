//go:build !unix

package contents

import "os"

func open(path string) (*os.File, error) { return os.Open(path) }
