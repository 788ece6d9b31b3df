package preset

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

func TestMain(m *testing.M) {
	testenv.MostlyWaiting()
	goleak.VerifyTestMain(m)
}

// devloop returns the command, not started. Nothing in its environment is what a preset has as a variable.
func devloop(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	notInherited(t)
	return looptest.Devloop(t, dir, args...)
}

func notInherited(t *testing.T) {
	t.Helper()
	for _, name := range []string{"PORT", "VIA", "TEST", "APP", "MAIN", "BIN"} {
		if _, ok := os.LookupEnv(name); ok {
			t.Fatalf("the environment has %s, which wins over the variables of presets", name)
		}
	}
}

func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}
