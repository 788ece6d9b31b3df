package starter

import (
	"regexp"
	"testing"
)

func TestPatternsCompile(t *testing.T) {
	if len(patterns) == 0 {
		t.Fatal("there is no pattern")
	}
	for _, p := range patterns {
		if _, err := regexp.Compile(p.text); err != nil {
			t.Error(err)
		}
	}
}
