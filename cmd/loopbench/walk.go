package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

//go:embed testdata/walk.c
var walkSource []byte

// buildWalk compiles the floor of the part ready.
func (b *bench) buildWalk() (string, error) {
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("build walk: %s has no inotify", runtime.GOOS)
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		return "", err
	}
	source, path := filepath.Join(b.dir, "walk.c"), filepath.Join(b.dir, "walk")
	if err := os.WriteFile(source, walkSource, 0o666); err != nil {
		return "", fmt.Errorf("write walk.c: %w", err)
	}
	if out, err := exec.CommandContext(b.ctx, cc, "-O2", "-o", path, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile walk.c: %w\n%s", err, out)
	}
	return path, nil
}
