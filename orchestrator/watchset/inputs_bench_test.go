package watchset

import (
	"fmt"
	"testing"
)

func BenchmarkInputs(b *testing.B) {
	files := map[string]string{"devloop.yaml": "watchers: {check: {watch: [src, Cargo.toml], ignore: ['**/*.bak'], stages: [x]}}\n", ".gitignore": "target/\n*.log\n", ".git/HEAD": "ref: refs/heads/main\n"}
	for i := range 10_000 {
		files[fmt.Sprintf("src/some/package%03d/file%02d.go", i/100, i%100)] = "x"
	}
	_, _, s := load(b, files)
	for b.Loop() {
		n := 0
		for _, err := range s.Inputs(0, nil, []string{"target/x"}, nil) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 10_000 {
			b.Fatal(n)
		}
	}
}
