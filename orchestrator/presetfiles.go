package orchestrator

import (
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"devloop/schema"
)

// presetNames are the files and directories beside its preset that a command names.
func presetNames(c *schema.Command) (names []string) {
	if c.PresetDir == "" {
		return nil
	}
	for _, arg := range c.Argv {
		if name, ok := strings.CutPrefix(arg, c.PresetDir+string(filepath.Separator)); ok {
			names = append(names, name)
		}
	}
	_, rest, found := strings.Cut(c.Text, "PRESET_DIR")
	for found {
		name := strings.TrimLeft(rest, `}"'`)
		if end := strings.IndexFunc(name, func(r rune) bool { return strings.ContainsRune(" \t\n\"'`;|&()<>$", r) }); end >= 0 {
			name = name[:end]
		}
		if name, ok := strings.CutPrefix(name, "/"); ok && name != "" {
			names = append(names, filepath.FromSlash(name))
		}
		_, rest, found = strings.Cut(rest, "PRESET_DIR")
	}
	return names
}

// withPreset adds the files beside its preset that a command names to those that a stage reads.
func withPreset(list iter.Seq2[string, error], c *schema.Command) iter.Seq2[string, error] {
	names := presetNames(c)
	if len(names) == 0 {
		return list
	}
	return func(yield func(string, error) bool) {
		beside := map[string]bool{}
		for _, name := range names {
			root := filepath.Join(c.PresetDir, name)
			err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					beside[path] = true
				}
				return err
			})
			if err != nil && !os.IsNotExist(err) && !yield("", err) {
				return
			}
		}
		for path := range beside {
			if !yield(path, nil) {
				return
			}
		}
		for path, err := range list {
			if !beside[path] && !yield(path, err) {
				return
			}
		}
	}
}
