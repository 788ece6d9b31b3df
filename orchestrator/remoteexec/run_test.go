package remoteexec_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"google.golang.org/grpc/codes"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/remoteexec"
	"devloop/orchestrator/test/reapitest"
)

// job is a command that an engine is to run, and what is heard of it.
type job struct {
	remoteexec.Work
	blobs map[reapi.Digest][]byte

	stdout, stderr bytes.Buffer
	progress       []string
	reached        chan string // gets each progress
	printed        chan string // gets all that was printed to stdout so far, each time; nil: nobody waits for it
}

// shell is a job of a shell, with these files.
func shell(script string, files map[string]string, outputs ...string) *job {
	j := &job{blobs: map[reapi.Digest][]byte{}, reached: make(chan string, 100)}
	dir := &reapi.Directory{}
	for name, text := range files {
		dir.Files = append(dir.Files, reapi.FileNode{Name: name, Digest: j.put([]byte(text))})
	}
	platform := []reapi.Property{{Name: "OSFamily", Value: "Linux"}}
	command := &reapi.Command{Platform: platform, Arguments: []string{"/bin/sh", "-c", script}, OutputPaths: outputs, Environment: []reapi.Property{{Name: "GREETING", Value: "hello"}}}
	action := &reapi.Action{InputRoot: j.put(dir.Encode()), Command: j.put(command.Encode()), Salt: []byte("test"), Platform: platform}
	j.Action = j.put(action.Encode())
	j.Blobs = slices.Collect(maps.Keys(j.blobs))
	j.Open = func(d reapi.Digest) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(j.blobs[d])), nil }
	return j
}

func (j *job) put(data []byte) reapi.Digest {
	d := reapi.DigestOf(data)
	j.blobs[d] = data
	return d
}

func (j *job) run(ctx context.Context, e *remoteexec.Engine) (*remoteexec.Result, error) {
	return e.Run(ctx, j.Work, remoteexec.Follow{
		Progress: func(p remoteexec.Progress) {
			j.progress = append(j.progress, p.String())
			j.reached <- p.String()
		},
		Stdout: stdout{j},
		Stderr: &j.stderr,
	})
}

type stdout struct{ *job }

func (s stdout) Write(text []byte) (int, error) {
	n, err := s.stdout.Write(text)
	if s.printed != nil {
		s.printed <- s.stdout.String()
	}
	return n, err
}

func (j *job) await(t *testing.T, progress string) {
	t.Helper()
	for is := range j.reached {
		if is == progress {
			return
		}
	}
}

// started is a server, and a client of it.
func started(t *testing.T) (*reapitest.Server, *remoteexec.Engine) {
	t.Helper()
	s := reapitest.Start(t, reapitest.Options{})
	e := remoteexec.New(remoteexec.Config{Address: s.Address})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, e
}

func TestPasses(t *testing.T) {
	t.Parallel()
	s, e := started(t)
	j := shell(`cat in; echo "$GREETING" >&2; mkdir -p out/sub; echo made >out/sub/file; echo one >file`, map[string]string{"in": "content\n"}, "file", "none", "out")
	result, err := j.run(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if result.ExitCode != 0 || result.Cached || j.stdout.String() != "content\n" || j.stderr.String() != "hello\n" {
		t.Errorf("exit %d, cached %v, stdout %q, stderr %q", result.ExitCode, result.Cached, &j.stdout, &j.stderr)
	}
	if len(result.Files) != 1 || result.Files[0].Path != "file" || result.Files[0].Digest != reapi.DigestOf([]byte("one\n")) {
		t.Errorf("files %+v", result.Files)
	}
	if len(result.Directories) != 1 || result.Directories[0].Path != "out" {
		t.Errorf("directories %+v", result.Directories)
	}
	if got := strings.Join(j.progress, " "); got != "sending queued running fetching" && got != "sending queued fetching" {
		t.Errorf("progress %s", got)
	}

	blobs, err := e.Blobs()
	if err != nil {
		t.Fatal(err)
	}
	var one bytes.Buffer
	if err := blobs.Blob(t.Context(), result.Files[0].Digest, &one); err != nil || one.String() != "one\n" {
		t.Errorf("the output is %q: %v", &one, err)
	}

	again := shell(`cat in; echo "$GREETING" >&2; mkdir -p out/sub; echo made >out/sub/file; echo one >file`, map[string]string{"in": "content\n"}, "file", "none", "out")
	if result, err := again.run(t.Context(), e); err != nil || !result.Cached || again.stdout.String() != "content\n" {
		t.Errorf("the second time: %+v, %v, %q", result, err, &again.stdout)
	}
	again.Fresh = true
	if result, err := again.run(t.Context(), e); err != nil || result.Cached {
		t.Errorf("fresh: %+v, %v", result, err)
	}
	if s.Engine.Ran() != 2 {
		t.Errorf("%d commands ran", s.Engine.Ran())
	}
}

func TestFails(t *testing.T) {
	t.Parallel()
	_, e := started(t)
	j := shell("echo wrong; exit 3", nil)
	result, err := j.run(t.Context(), e)
	if err != nil || result.ExitCode != 3 || j.stdout.String() != "wrong\n" {
		t.Errorf("%+v, %v, %q", result, err, &j.stdout)
	}
}

// TestTrouble: whatever goes wrong on the way, the command's own result comes, with all that it has printed and
// nothing twice.
func TestTrouble(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(e *reapitest.Engine){
		"a stream breaks":               func(e *reapitest.Engine) { e.Break(1) },
		"streams break":                 func(e *reapitest.Engine) { e.Break(3) },
		"the operation is forgotten":    func(e *reapitest.Engine) { e.Break(1); e.Forget() },
		"the worker is preempted":       func(e *reapitest.Engine) { e.End(codes.Aborted, codes.Unavailable) },
		"the engine fails":              func(e *reapitest.Engine) { e.End(codes.Internal) },
		"the inputs are lost":           func(e *reapitest.Engine) { e.Lose() },
		"nothing of this is inline":     func(e *reapitest.Engine) { e.Long() },
		"it streams":                    func(e *reapitest.Engine) { e.Stream() },
		"it streams, and then at last":  func(e *reapitest.Engine) { e.Stream(); e.Long() },
		"it streams, and streams break": func(e *reapitest.Engine) { e.Stream(); e.Break(2) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, e := started(t)
			trouble(s.Engine)
			j := shell("cat in; echo no >&2; exit 1", map[string]string{"in": strings.Repeat("a line of the input\n", 10000)})
			result, err := j.run(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(name, "break") && s.Calls("WaitExecution") == 0 {
				t.Error("the operation was not asked for again")
			}
			if s.Engine.Ran() != 1 && name != "the operation is forgotten" {
				t.Errorf("%d commands ran", s.Engine.Ran())
			}
			if result.ExitCode != 1 || j.stdout.String() != strings.Repeat("a line of the input\n", 10000) || j.stderr.String() != "no\n" {
				t.Errorf("exit %d, %d bytes of stdout, stderr %q", result.ExitCode, j.stdout.Len(), &j.stderr)
			}
		})
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	s, e := started(t)
	s.Engine.Stream()
	gate := t.TempDir() + "/gate"
	j := shell("echo first; while ! test -e "+gate+"; do sleep 0.02; done; echo second", nil)
	j.printed = make(chan string, 10)
	over := make(chan error)
	go func() {
		_, err := j.run(t.Context(), e)
		over <- err
	}()
	if got := <-j.printed; got != "first\n" {
		t.Errorf("while it runs: %q", got)
	}
	open(t, gate)
	if err := <-over; err != nil || j.stdout.String() != "first\nsecond\n" {
		t.Errorf("%v, %q", err, &j.stdout)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	for name, reached := range map[string]string{"while it is queued": "queued", "while it runs": "running"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, e := started(t)
			var release func()
			if reached == "queued" {
				release = s.Engine.Hold()
				defer release()
			}
			j := shell("exec sleep 1000", nil)
			ctx, cancel := context.WithCancel(t.Context())
			over := make(chan error)
			go func() {
				_, err := j.run(ctx, e)
				over <- err
			}()
			j.await(t, reached)
			if reached == "queued" { // the engine knows of it when it has a name there
				s.Engine.AwaitQueued(t.Context())
			}
			cancel()
			if err := <-over; !errors.Is(err, context.Canceled) || errors.Is(err, remoteexec.ErrAway) {
				t.Errorf("it ended with %v", err)
			}
			if reached == "running" && s.Engine.Cancelled() != 1 {
				t.Errorf("%d commands were cancelled", s.Engine.Cancelled())
			}
		})
	}
}

// TestGivesUp: what no other try mends is told, and the engine's own trouble apart from all else.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		codes []codes.Code
		away  bool
		says  string
	}{
		"always preempted": {slices.Repeat([]codes.Code{codes.Unavailable}, 4), true, "ended on demand"},
		"no room":          {slices.Repeat([]codes.Code{codes.ResourceExhausted}, 4), true, "ended on demand"},
		"no such worker":   {slices.Repeat([]codes.Code{codes.FailedPrecondition}, 4), false, "the engine cannot run it as it is"},
		"too long":         {[]codes.Code{codes.DeadlineExceeded}, false, "longer than the engine allows"},
		"not allowed":      {[]codes.Code{codes.PermissionDenied}, false, "`headers`"},
		"cancelled there":  {[]codes.Code{codes.Canceled}, false, "cancelled it on the engine"},
		"refused":          {[]codes.Code{codes.InvalidArgument}, false, "refuses"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, e := started(t)
			s.Engine.End(c.codes...)
			result, err := shell("true", nil).run(t.Context(), e)
			if err == nil || errors.Is(err, remoteexec.ErrAway) != c.away || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v, %v", result, err)
			}
			if s.Engine.Ran() != 0 {
				t.Errorf("%d commands ran", s.Engine.Ran())
			}
		})
	}
}

func TestLies(t *testing.T) {
	t.Parallel()
	s, e := started(t)
	s.Engine.Lie()
	if result, err := shell("echo true", nil).run(t.Context(), e); err == nil {
		t.Errorf("it believed %+v", result)
	}
}

func TestAway(t *testing.T) {
	t.Parallel()
	s, e := started(t)
	s.Stop()
	if result, err := shell("true", nil).run(t.Context(), e); !errors.Is(err, remoteexec.ErrAway) {
		t.Errorf("%+v, %v", result, err)
	}
}

// TestHangs: an engine that takes calls and does not answer is as good as away, and a command that it never begins can
// be cancelled.
func TestHangs(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GetCapabilities", "FindMissingBlobs"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s, e := started(t)
			s.Fault(reapitest.Fault{Method: method, Hang: true})
			if result, err := shell("true", nil).run(t.Context(), e); !errors.Is(err, remoteexec.ErrAway) {
				t.Errorf("%+v, %v", result, err)
			}
		})
	}
	t.Run("Execute", func(t *testing.T) {
		t.Parallel()
		s, e := started(t)
		s.Fault(reapitest.Fault{Method: "Execute", Hang: true})
		ctx, cancel := context.WithCancel(t.Context())
		j, over := shell("true", nil), make(chan error)
		go func() {
			_, err := j.run(ctx, e)
			over <- err
		}()
		j.await(t, "queued")
		cancel()
		if err := <-over; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// TestInputs: one that changes while it is sent is nobody else's fault, and nothing runs.
func TestInputs(t *testing.T) {
	t.Parallel()
	s, e := started(t)
	j := shell("cat in", map[string]string{"in": "content"})
	intact := j.Open
	j.Open = func(d reapi.Digest) (io.ReadCloser, error) {
		if d == reapi.DigestOf([]byte("content")) {
			return io.NopCloser(iotest.ErrReader(errors.New("it has changed"))), nil
		}
		return intact(d)
	}
	if result, err := j.run(t.Context(), e); !errors.Is(err, remoteexec.ErrInputs) || errors.Is(err, remoteexec.ErrAway) || s.Engine.Ran() != 0 {
		t.Errorf("%+v, %v", result, err)
	}
}

// TestHeaders: every call has them, and no error.
func TestHeaders(t *testing.T) {
	t.Parallel()
	const secret = "Bearer hunter2"
	s := reapitest.Start(t, reapitest.Options{Headers: map[string]string{"authorization": secret}})
	run := func(headers map[string]string) (*remoteexec.Result, error) {
		e := remoteexec.New(remoteexec.Config{Address: s.Address, Instance: "main", Headers: headers})
		defer e.Close()
		return shell("exit 4", nil).run(t.Context(), e)
	}
	if result, err := run(map[string]string{"Authorization": secret}); err != nil || result.ExitCode != 4 {
		t.Errorf("%+v, %v", result, err)
	}
	_, err := run(map[string]string{"Authorization": "Bearer hunter3"})
	if err == nil || errors.Is(err, remoteexec.ErrAway) || strings.Contains(err.Error(), "hunter") || !strings.Contains(err.Error(), "`headers`") {
		t.Errorf("with another one: %v", err)
	}
}

func TestNoEngine(t *testing.T) {
	t.Parallel()
	e := remoteexec.New(remoteexec.Config{Address: reapitest.Start(t, reapitest.Options{CacheOnly: true}).Address})
	defer e.Close()
	if _, err := shell("true", nil).run(t.Context(), e); err == nil || errors.Is(err, remoteexec.ErrAway) || !strings.Contains(err.Error(), "no engine") {
		t.Errorf("it says %v", err)
	}
}

// TestDies: an engine that goes while a command runs is waited for a short while.
func TestDies(t *testing.T) {
	t.Parallel()
	s, e := started(t)
	j := shell("exec sleep 1000", nil)
	over := make(chan error)
	go func() {
		_, err := j.run(t.Context(), e)
		over <- err
	}()
	j.await(t, "running")
	s.Stop()
	if err := <-over; !errors.Is(err, remoteexec.ErrAway) {
		t.Errorf("it ended with %v", err)
	}
}

func open(t *testing.T, gate string) {
	t.Helper()
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
