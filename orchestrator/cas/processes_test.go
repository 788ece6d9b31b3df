package cas_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/reapi"
	"devloop/orchestrator/test/testenv"
)

// roleVar makes the test's program a process that uses a store.
const roleVar = "DEVLOOP_TEST_STORE"

var roles = map[string]func(dir, out string, seed uint64) error{"steps": steps}

func TestMain(m *testing.M) {
	play, ok := roles[os.Getenv(roleVar)]
	if !ok {
		goleak.VerifyTestMain(m)
		return
	}
	seed, err := strconv.ParseUint(os.Args[3], 10, 64)
	if err == nil {
		err = play(os.Args[1], os.Args[2], seed)
	}
	if err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

func child(t *testing.T, role, dir, out string, seed uint64) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], dir, out, strconv.FormatUint(seed, 10))
	cmd.Env = append(os.Environ(), roleVar+"="+role)
	return cmd
}

const (
	smallLimit = 3 << 20
	contents   = 40 // different blobs that the processes put, of up to 200 KB
)

func content(i int) []byte { return noise(uint64(i), i*5000) }

// steps uses the store in dir and restores files to out, and writes a byte to its output for each step. What it reads must be
// right.
func steps(dir, out string, seed uint64) error {
	s, err := cas.Open(dir, smallLimit)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for range 400 {
		i := random.IntN(contents)
		data := content(i)
		d := reapi.DigestOf(data)
		var err error
		switch random.IntN(8) {
		case 0:
			_, err = s.Put(bytes.NewReader(data))
		case 1:
			err = errors.Join(s.PutResult(d, data), s.PutNote("n", data))
		case 2, 3:
			if err = s.Restore(d, filepath.Join(out, "f"), 0o644); err == nil {
				err = checkOutput(out)
			}
		case 4:
			err = expect(data)(get(s, d))
		case 5:
			err = expect(data)(s.Result(d))
		case 6:
			_, err = s.Note("n")
		case 7:
			err = s.Trim()
		}
		if err != nil && !errors.Is(err, cas.ErrMissing) {
			return err
		}
		if _, err := os.Stdout.Write([]byte{'.'}); err != nil {
			return err
		}
	}
	return nil
}

func expect(want []byte) func([]byte, error) error {
	return func(got []byte, err error) error {
		if err == nil && !bytes.Equal(got, want) {
			return fmt.Errorf("%d bytes, and not those that were put", len(got))
		}
		return err
	}
}

// checkOutput is whether the file is one of the contents, whole.
func checkOutput(out string) error {
	got, err := os.ReadFile(filepath.Join(out, "f"))
	if err != nil {
		return err
	}
	if i := len(got) / 5000; len(got)%5000 != 0 || !bytes.Equal(got, content(i)) {
		return fmt.Errorf("the file has %d bytes, which were never put", len(got))
	}
	return nil
}

// checkStore is whether every entry is whole.
func checkStore(t *testing.T, dir string) {
	t.Helper()
	for _, file := range files(t, dir, "blobs") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != filepath.Base(file) {
			t.Errorf("%s has another content, of %d bytes", file, len(data))
		}
	}
	s := open(t, dir)
	records := len(files(t, dir, "results")) + len(files(t, dir, "notes"))
	for i := range contents {
		data := content(i)
		if err := expect(data)(s.Result(reapi.DigestOf(data))); err != nil && !errors.Is(err, cas.ErrMissing) {
			t.Error(err)
		}
	}
	if _, err := s.Note("n"); err != nil && !errors.Is(err, cas.ErrMissing) {
		t.Error(err)
	}
	if now := len(files(t, dir, "results")) + len(files(t, dir, "notes")); now != records {
		t.Errorf("of %d records, %d were damaged", records, records-now)
	}
}

// Processes that are killed at any time leave whole entries and whole files.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	random := rand.New(rand.NewPCG(1, 1))
	for round := range testenv.Count(t, "DEVLOOP_KILLS", 15, 100) {
		cmd := child(t, "steps", dir, out, uint64(round))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, stdout, 1+random.Int64N(200)); err != nil {
			t.Error(err)
		}
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		if stderr.Len() > 0 {
			t.Error(stderr.String())
		}
		checkStore(t, dir)
		if err := checkOutput(out); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
		if left := files(t, out, ""); len(left) > 2 {
			t.Error(left)
		}
	}
	// Nothing stays of them.
	s := open(t, dir)
	if err := s.Clear(); err != nil {
		t.Fatal(err)
	}
	if left := files(t, dir, "tmp"); left != nil {
		t.Error(left)
	}
	if err := s.Restore(put(t, s, []byte("x")), filepath.Join(out, "f"), 0o600); err != nil {
		t.Error(err)
	}
	if left := files(t, out, ""); len(left) != 1 {
		t.Error(left)
	}
}

// Processes put, restore and evict in one store, and restore the same file, all at once: none sees half of anything.
func TestTogether(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	for round := range testenv.Count(t, "DEVLOOP_ROUNDS", 1, 5) {
		var all []*exec.Cmd
		for i := range 4 {
			cmd := child(t, "steps", dir, out, uint64(1000+10*round+i))
			cmd.Stderr = new(bytes.Buffer)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			all = append(all, cmd)
		}
		for _, cmd := range all {
			if err := cmd.Wait(); err != nil {
				t.Error(err, cmd.Stderr)
			}
		}
		checkStore(t, dir)
	}
	if err := checkOutput(out); err != nil {
		t.Error(err)
	}
	if left := append(files(t, dir, "tmp"), files(t, out, "")...); len(left) != 1 {
		t.Error(left)
	}
	s, err := cas.Open(dir, smallLimit)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Trim(); err != nil {
		t.Fatal(err)
	}
	if u, err := s.Usage(); err != nil || u.Bytes > smallLimit || u.Bytes < smallLimit/4 {
		t.Error(u, err)
	}
}
