package testenv

import (
	"testing"
	"time"
)

// Until looks again and again until nothing is missing, ever more rarely: for what gives no event, such as the end of a
// process that is no child. The limit is no expectation; it ends a test that would hang.
func Until(t testing.TB, missing func() string) {
	t.Helper()
	const limit = 30 * time.Second
	begin := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 32*time.Millisecond) {
		what := missing()
		if what == "" {
			return
		}
		if time.Since(begin) > limit {
			t.Fatalf("waited %s: %s", limit, what)
		}
		<-time.After(pause)
	}
}

// UntilTrue is Until with one thing that is missing.
func UntilTrue(t testing.TB, what string, is func() bool) {
	t.Helper()
	Until(t, func() string {
		if is() {
			return ""
		}
		return "not yet: " + what
	})
}
