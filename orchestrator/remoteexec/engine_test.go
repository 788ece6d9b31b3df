package remoteexec_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/remoteexec"
	"devloop/orchestrator/test/reapitest"
)

// TestEngine is what every engine has to do. DEVLOOP_ENGINE is the address of another one to try, whose workers have the
// property OSFamily=Linux.
func TestEngine(t *testing.T) {
	t.Parallel()
	address := os.Getenv("DEVLOOP_ENGINE")
	if address == "" {
		address = reapitest.Start(t, reapitest.Options{}).Address
	}
	e := remoteexec.New(remoteexec.Config{Address: address})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	salt := t.TempDir() // another one each time
	run := func(j *job) (*remoteexec.Result, error) { return j.run(t.Context(), e) }

	j := shell("pwd >&2; cat in; mkdir -p out/sub; cp in out/sub/copy; echo "+salt, map[string]string{"in": "content\n"}, "none", "out")
	result, err := run(j)
	if err != nil {
		t.Fatal(err)
	}
	if result.ExitCode != 0 || result.Cached || !strings.HasPrefix(j.stdout.String(), "content\n") || j.stderr.Len() == 0 || len(result.Directories) != 1 {
		t.Errorf("exit %d, cached %v, stdout %q, stderr %q, directories %v", result.ExitCode, result.Cached, &j.stdout, &j.stderr, result.Directories)
	}
	blobs, err := e.Blobs()
	if err != nil {
		t.Fatal(err)
	}
	var tree strings.Builder
	if err := blobs.Blob(t.Context(), result.Directories[0].Tree, &tree); err != nil {
		t.Fatal(err)
	}
	if _, err := reapi.DecodeTree([]byte(tree.String())); err != nil {
		t.Error(err)
	}
	if again, err := run(j); err != nil || !again.Cached || !strings.HasSuffix(j.stdout.String(), j.stdout.String()[:j.stdout.Len()/2]) {
		t.Errorf("the second time: %+v, %v, %q", again, err, &j.stdout)
	}
	if fails, err := run(shell("echo no; exit 7 # "+salt, nil)); err != nil || fails.ExitCode != 7 {
		t.Errorf("%+v, %v", fails, err)
	}
	long := shell("i=0; while [ $i -lt 20000 ]; do echo line $i of a long output; i=$((i+1)); done; exit 1 # "+salt, nil)
	if _, err := run(long); err != nil || strings.Count(long.stdout.String(), "\n") != 20000 {
		t.Errorf("%v, %d lines", err, strings.Count(long.stdout.String(), "\n"))
	}

	hangs := shell("exec sleep 1000 # "+salt, nil)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error)
	go func() {
		_, err := hangs.run(ctx, e)
		over <- err
	}()
	hangs.await(t, "running")
	cancel()
	if err := <-over; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
