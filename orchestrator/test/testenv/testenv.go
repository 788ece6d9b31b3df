// Package testenv is what the tests of this module share: how long they may take, what the machine must have, and the
// inputs that a fuzzer once found.
package testenv

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Long reports whether this is the long run, DEVLOOP_TEST=long: soaks, every stubborn tree ended in every way, load on every
// server. The short run does one small round of each.
func Long() bool { return os.Getenv("DEVLOOP_TEST") == "long" }

// Either is the one in the short run, and the other in the long one.
func Either(short, long int) int {
	if Long() {
		return long
	}
	return short
}

// Count is how often a test does its round: short, or long in the long run, or the number in the environment variable, for
// whoever runs that one test by hand.
func Count(t testing.TB, variable string, short, long int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s=%s: want a number of at least 1", variable, text)
		}
		return n
	}
	return Either(short, long)
}

// Duration is the time in the environment variable, such as 1h, for which a test goes on by hand; 0 if it is not set.
func Duration(t testing.TB, variable string) time.Duration {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return d
}

// Need skips a test on a machine that does not have what it needs. DEVLOOP_REQUIRE, which is "all" or a list with
// commas, makes a failure of the skip: a CI that has everything cannot pass by skipping.
func Need(t testing.TB, what string, has bool) {
	t.Helper()
	if has {
		return
	}
	required := strings.Split(os.Getenv("DEVLOOP_REQUIRE"), ",")
	if slices.Contains(required, "all") || slices.Contains(required, what) {
		t.Fatalf("needs %s", what)
	}
	t.Skipf("needs %s", what)
}

// Program is the path of a program that a test needs.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	Need(t, name, err == nil)
	return path
}

// Built is the path of a command of this module that go.mod lists as a tool. The go command builds it when its sources have
// changed, and keeps it in its cache, for the tests of every package.
func Built(t testing.TB, pkg string) string {
	t.Helper()
	build, _ := builds.LoadOrStore(pkg, sync.OnceValues(func() (string, error) {
		out, err := exec.Command("go", "tool", "-n", pkg).Output()
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = errors.New(string(failed.Stderr))
		}
		return strings.TrimSpace(string(out)), err
	}))
	path, err := build.(func() (string, error))()
	if err != nil {
		t.Fatalf("build %s: %v", pkg, err)
	}
	return path
}

var builds sync.Map // package path → func() (string, error)

// MostlyWaiting lets more tests of the short run stand side by side than there are processors, unless -parallel says how
// many: for a package whose tests wait for other processes most of the time. TestMain calls it.
func MostlyWaiting() {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given && !Long() {
		_ = flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))) // a number it takes
	}
}
