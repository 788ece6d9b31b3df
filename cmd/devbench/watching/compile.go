package watching

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

//go:embed testdata/*.c
var sources embed.FS

// compile builds testdata/NAME.c into the bench's directory, without shared
// libraries where that works: loading them is nobody's latency. Its programs
// are Linux's: they use inotify and its clock.
func (b *bench) compile(name string) (string, error) {
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("compile %s.c: it is made for Linux", name)
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		return "", fmt.Errorf("compile %s.c: %w", name, err)
	}
	text, err := sources.ReadFile("testdata/" + name + ".c")
	if err != nil {
		return "", err
	}
	source, path := filepath.Join(b.Dir, name+".c"), filepath.Join(b.Dir, name)
	if err := os.WriteFile(source, text, 0o666); err != nil {
		return "", fmt.Errorf("write %s.c: %w", name, err)
	}
	if exec.CommandContext(b.Ctx, cc, "-O2", "-static", "-o", path, source).Run() == nil {
		return path, nil
	}
	if out, err := exec.CommandContext(b.Ctx, cc, "-O2", "-o", path, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile %s.c: %w\n%s", name, err, out)
	}
	return path, nil
}
