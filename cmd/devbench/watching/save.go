package watching

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// saved is when a save began, and when its last step did: a run that starts
// after that has seen all of it. For a save of one step both are the same.
type saved struct {
	began, last instant
}

// A kindOfSave is a way in which editors save.
type kindOfSave struct {
	name string
	does string
	save func(b *bench, p project) (saved, error)
}

var kindsOfSave = []kindOfSave{
	{"in place", "truncate, write", func(_ *bench, p project) (saved, error) { return inPlace(anyOf(p.files)) }},
	{"rename", "write a temporary file, rename it over the old one", func(_ *bench, p project) (saved, error) { return byRename(anyOf(p.files)) }},
	{"as vim", "make and remove `4913`, move the old file to `f~`, write a new one, set its mode, remove the backup", func(_ *bench, p project) (saved, error) { return asVim(anyOf(p.files)) }},
	{"save all", "five files in place, up to 4 ms between them", saveAll},
}

func anyOf[T any](all []T) T { return all[rand.IntN(len(all))] }

func inPlace(path string) (saved, error) {
	text := content(500)
	at := now()
	if err := os.WriteFile(path, text, 0o666); err != nil {
		return saved{}, fmt.Errorf("save in place: %w", err)
	}
	return saved{at, at}, nil
}

func byRename(path string) (saved, error) {
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, content(500), 0o666); err != nil {
		return saved{}, fmt.Errorf("save by rename: %w", err)
	}
	at := now()
	if err := os.Rename(temporary, path); err != nil {
		return saved{}, fmt.Errorf("save by rename: %w", err)
	}
	return saved{at, at}, nil
}

// asVim does what `:w` does with 'backup' and 'writebackup' at their defaults
// where vim renames (as `strace vim` shows).
func asVim(path string) (saved, error) {
	text, probe, backup := content(500), filepath.Join(filepath.Dir(path), "4913"), path+"~"
	began := now()
	steps := []func() error{
		func() error { return os.WriteFile(probe, nil, 0o666) },
		func() error { return os.Remove(probe) },
		func() error { return os.Rename(path, backup) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return saved{}, fmt.Errorf("save as vim: %w", err)
		}
	}
	last := now()
	if err := os.WriteFile(path, text, 0o666); err != nil {
		return saved{}, fmt.Errorf("save as vim: %w", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		return saved{}, fmt.Errorf("save as vim: %w", err)
	}
	if err := os.Remove(backup); err != nil {
		return saved{}, fmt.Errorf("save as vim: %w", err)
	}
	return saved{began, last}, nil
}

func saveAll(b *bench, p project) (saved, error) {
	var s saved
	for i, path := range shuffled(p.files)[:5] {
		if i > 0 {
			if err := b.Pause(time.Duration(rand.IntN(4000)) * time.Microsecond); err != nil {
				return saved{}, err
			}
		}
		one, err := inPlace(path)
		if err != nil {
			return saved{}, err
		}
		if i == 0 {
			s.began = one.began
		}
		s.last = one.last
	}
	return s, nil
}
