package cas_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/reapi"
)

// noise is data that no two calls with different seeds have in common.
func noise(seed uint64, size int) []byte {
	data := make([]byte, size)
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(seed>>16)
	_, _ = rand.NewChaCha8(key).Read(data)
	return data
}

const large = 50 << 20

// BenchmarkFloor is what the others are measured by: a copy of a file that is hashed on the way.
func BenchmarkFloor(b *testing.B) {
	dir := b.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	write(b, from, noise(1, large))
	b.SetBytes(large)
	for b.Loop() {
		_ = os.Remove(to)
		in, err := os.Open(from)
		if err != nil {
			b.Fatal(err)
		}
		out, err := os.Create(to)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.CopyBuffer(io.MultiWriter(out, sha256.New()), struct{ io.Reader }{in}, make([]byte, 256<<10)); err != nil {
			b.Fatal(err)
		}
		in.Close()
		out.Close()
	}
}

func BenchmarkPut(b *testing.B) {
	s := open(b, b.TempDir())
	data := noise(1, large)
	b.SetBytes(large)
	for b.Loop() {
		if _, err := s.Put(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPutFile(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	from := filepath.Join(dir, "from")
	write(b, from, noise(1, large))
	b.SetBytes(large)
	for b.Loop() {
		if _, err := s.PutFile(from); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRestore(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	d := put(b, s, noise(1, large))
	b.SetBytes(large)
	for b.Loop() {
		if err := s.Restore(d, filepath.Join(dir, "to"), 0o755); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := open(b, b.TempDir())
	d := put(b, s, noise(1, large))
	b.SetBytes(large)
	for b.Loop() {
		r, err := s.Open(d)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}

func BenchmarkSmall(b *testing.B) {
	s := open(b, b.TempDir())
	path := filepath.Join(b.TempDir(), "f")
	data := []byte("verdict")
	key := reapi.DigestOf(data)
	b.Run("put", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			put(b, s, strconv.AppendInt(nil, int64(i), 10))
		}
	})
	b.Run("restore", func(b *testing.B) {
		d := put(b, s, data)
		for b.Loop() {
			if err := s.Restore(d, path, 0o600); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("put result", func(b *testing.B) {
		for b.Loop() {
			if err := s.PutResult(key, data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("result", func(b *testing.B) {
		for b.Loop() {
			if got, err := s.Result(key); err != nil || !bytes.Equal(got, data) {
				b.Fatal(err)
			}
		}
	})
	b.Run("has", func(b *testing.B) {
		d := put(b, s, data)
		for b.Loop() {
			if !s.Has(d) {
				b.Fatal("missing")
			}
		}
	})
	b.Run("trim", func(b *testing.B) {
		if err := s.Trim(); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := s.Trim(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTrim looks at a hundred thousand entries, and removes some of them.
func BenchmarkTrim(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	for i := range 100_000 {
		if err := s.PutNote(strconv.Itoa(i), nil); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		u, err := s.Usage()
		if err != nil {
			b.Fatal(err)
		}
		small, err := cas.Open(dir, u.Bytes-1)
		if err != nil {
			b.Fatal(err)
		}
		if err := small.Trim(); err != nil {
			b.Fatal(err)
		}
	}
}
