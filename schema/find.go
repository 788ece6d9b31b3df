package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// fileName is the one name that is looked for.
const fileName = "devloop.yaml"

// Find returns the absolute path of the devloop.yaml of dir, or of the nearest directory above that has
// one. A file above that belongs to another user is refused: otherwise anybody who can write to a shared
// directory could run commands as every user who works below it. Mistakes with a hint are *Error.
func Find(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", fileName, err)
	}
	for at := start; ; at = filepath.Dir(at) {
		path := filepath.Join(at, fileName)
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			if at != start {
				if owner := otherOwner(path, info); owner != "" {
					return "", &Error{
						Msg:  fmt.Sprintf("%s belongs to %s, and is not in this directory", path, owner),
						Hint: "if you trust it, name it: `devloop -f " + path + "`",
					}
				}
			}
			return path, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist) && at == start:
			return "", fmt.Errorf("find %s: %w", fileName, err)
		}
		if other := filepath.Join(at, "devloop.yml"); isFile(other) {
			return "", &Error{Msg: other + " is not read", Hint: "rename it to " + fileName}
		}
		if at == filepath.Dir(at) {
			return "", &Error{
				Msg:  "no " + fileName + " in " + start + " or a directory above it",
				Hint: "`devloop init` writes one for this project; or name another file with -f",
			}
		}
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
