package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(serverEnv); name != "" {
		if err := anyServer(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	testenv.MostlyWaiting()
	goleak.VerifyTestMain(m)
}

// asked are the needs that are no command's being there, and how to ask for them.
var asked = map[string][]string{
	// Puma 5 says that it is ready with a gem of its own, Puma 6 without.
	"a Puma that can notify (Puma 6, or the gem sd_notify)": {"ruby", "-e", `require "puma/const"; Puma::Const::VERSION.to_i >= 6 or require "sd_notify"`},
}

// requires skips a test on a machine that lacks something. Under DEVLOOP_REQUIRE=all it fails instead, so that CI cannot
// leave out a test unnoticed. Only what would be downloaded is asked for the other way round: crates.io counts as there
// under DEVLOOP_ONLINE=1.
func requires(t *testing.T, needs ...string) {
	t.Helper()
	for _, need := range needs {
		if need == "crates.io" {
			if os.Getenv("DEVLOOP_ONLINE") == "" {
				t.Skip("downloads from crates.io; set DEVLOOP_ONLINE=1 to run it")
			}
			continue
		}
		_, err := exec.LookPath(need)
		if question, ok := asked[need]; ok {
			err = exec.Command(question[0], question[1:]...).Run()
		}
		testenv.Need(t, need, err == nil)
	}
}

// start runs devloop in dir, on ports of its own.
func start(t *testing.T, dir string) *looptest.Loop {
	t.Helper()
	port := testenv.FreePort()
	return looptest.Start(t, dir, port, "PORT="+port, "BACKEND_PORT="+testenv.FreePort())
}
