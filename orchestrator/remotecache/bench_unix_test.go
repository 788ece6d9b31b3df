//go:build unix

package remotecache

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"devloop/orchestrator/test/reapitest"
)

// BenchmarkHit brings an output of 50 MB into a file, and puts it into the cache. What it allocates is also the server's,
// except for nginx and the cache that DEVLOOP_CACHE names.
func BenchmarkHit(b *testing.B) {
	const size = 50 << 20
	content, d := random(size)
	for name, address := range map[string]func(*testing.B) string{
		"http": func(b *testing.B) string {
			s := httptest.NewServer(&webDAV{kept: map[string][]byte{}})
			b.Cleanup(s.Close)
			return s.URL
		},
		"grpc":  func(b *testing.B) string { return reapitest.Start(b, reapitest.Options{}).Address },
		"nginx": func(b *testing.B) string { address, _ := startNginx(b); return address },
		"named": func(b *testing.B) string { return named(b) },
	} {
		b.Run(name, func(b *testing.B) {
			c := patient(address(b))
			c.Headers = map[string]string{"authorization": "Bearer hush"}
			cache := open(b, c)
			ctx := context.Background()
			if err := cache.PutBlob(ctx, d, bytes.NewReader(content)); err != nil {
				b.Fatal(err)
			}
			path := filepath.Join(b.TempDir(), "output")
			b.ReportAllocs()
			b.SetBytes(size)
			for b.Loop() {
				f, err := os.Create(path)
				if err != nil {
					b.Fatal(err)
				}
				if err := cache.Blob(ctx, d, f); err != nil {
					b.Fatal(err)
				}
				if err := f.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// named is the address of a real cache, tried by hand.
func named(t testing.TB) string {
	address := os.Getenv("DEVLOOP_CACHE")
	if address == "" {
		t.Skip("DEVLOOP_CACHE names no cache")
	}
	return address
}

// TestNamed: DEVLOOP_CACHE=grpc://127.0.0.1:9092 go test -run Named tries a real cache.
func TestNamed(t *testing.T) {
	t.Parallel()
	usable(t, open(t, patient(named(t))))
}
