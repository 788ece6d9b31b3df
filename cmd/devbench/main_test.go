package main

import (
	"io"
	"slices"
	"strings"
	"testing"
)

func TestVerbs(t *testing.T) {
	all := known()
	if slices.Sort(all); len(slices.Compact(all)) != len(known()) {
		t.Errorf("a verb stands twice: %v", all)
	}
	for args, want := range map[string]string{
		"":                    "say what to measure: latency,",
		"speed":               "speed: it is one of latency,",
		"latency,cost":        "cost is not measured together with latency",
		"latency more":        `unexpected argument "more"`,
		"restarts -clients 0": "-clients 0: it is from 1 to 10000",
	} {
		err := run(t.Context(), strings.Fields(args), io.Discard, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
}
