package remotecache

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/test/reapitest"
	"devloop/orchestrator/test/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, c Config) Cache {
	t.Helper()
	cache, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cache.Close() })
	return cache
}

// patient are bounds that no loaded machine reaches.
func patient(address string) Config {
	return Config{Address: address, Answer: time.Minute, Stall: time.Minute}
}

func random(n int) ([]byte, reapi.Digest) {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b, reapi.DigestOf(b)
}

// webDAV is a cache as nginx with WebDAV is one: it keeps what it is sent.
type webDAV struct {
	mu     sync.Mutex
	kept   map[string][]byte
	header string // what authorization must be, if not ""
}

func (s *webDAV) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.header != "" && r.Header.Get("Authorization") != s.header {
		http.Error(w, "not you: "+r.Header.Get("Authorization"), http.StatusUnauthorized)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		s.mu.Lock()
		content, ok := s.kept[r.URL.Path]
		s.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	case http.MethodPut:
		content, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.kept[r.URL.Path] = content
		s.mu.Unlock()
		w.WriteHeader(http.StatusCreated)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// each runs a test with both kinds of cache.
func each(t *testing.T, do func(t *testing.T, c Config)) {
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(&webDAV{kept: map[string][]byte{}, header: "Bearer hush"})
		t.Cleanup(server.Close)
		c := patient(server.URL + "/team/")
		c.Headers = map[string]string{"authorization": "Bearer hush"}
		do(t, c)
	})
	t.Run("grpc", func(t *testing.T) {
		t.Parallel()
		server := reapitest.Start(t, reapitest.Options{Headers: map[string]string{"authorization": "Bearer hush"}})
		c := patient(server.Address)
		c.Headers, c.Instance = map[string]string{"authorization": "Bearer hush"}, "main/one"
		do(t, c)
	})
}

func TestPutAndGet(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c Config) { usable(t, open(t, c)) })
}

// usable puts everything into a cache and gets it again.
func usable(t *testing.T, cache Cache) {
	t.Helper()
	ctx := context.Background()
	contents := map[reapi.Digest][]byte{}
	for _, n := range []int{0, 1, 100, 5000, small, small + 1, 2*small + 17, 9 << 20} {
		content, d := random(n)
		contents[d] = content
	}
	for range testenv.Either(300, 3000) {
		content, d := random(40)
		contents[d] = content
	}
	all := slices.Collect(maps.Keys(contents))
	missing, err := cache.Missing(ctx, all)
	if err != nil || len(missing) != len(all)-1 {
		t.Fatalf("%d of %d are missing: %v", len(missing), len(all), err)
	}
	if err := cache.PutBlobs(ctx, append(all, all[0]), func(d reapi.Digest) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(contents[d])), nil
	}); err != nil {
		t.Fatal(err)
	}
	if missing, err := cache.Missing(ctx, all); err != nil || len(missing) != 0 {
		t.Fatalf("%d are missing: %v", len(missing), err)
	}
	var mu sync.Mutex
	got := map[reapi.Digest][]byte{}
	if err := cache.Blobs(ctx, all, func(d reapi.Digest, r io.Reader) error {
		content, err := io.ReadAll(r)
		mu.Lock()
		defer mu.Unlock()
		got[d] = content
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for d, content := range contents {
		if !bytes.Equal(content, got[d]) {
			t.Errorf("%v is another", d)
		}
	}
	content, d := random(300_000)
	if err := cache.Blob(ctx, d, io.Discard); !errors.Is(err, errMissing) {
		t.Errorf("a blob that is not there: %v", err)
	}
	if err := cache.PutBlob(ctx, d, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	var one bytes.Buffer
	if err := cache.Blob(ctx, d, &one); err != nil || !bytes.Equal(one.Bytes(), content) {
		t.Errorf("a blob alone: %v", err)
	}

	key := d
	if _, err := cache.Result(ctx, key); !errors.Is(err, errMissing) {
		t.Errorf("a result that is not there: %v", err)
	}
	result := &reapi.ActionResult{Files: []reapi.OutputFile{{Path: "bin/server", Digest: d, Executable: true}}}
	if err := cache.PutResult(ctx, key, result); err != nil {
		t.Fatal(err)
	}
	if back, err := cache.Result(ctx, key); err != nil || len(back.Files) != 1 || back.Files[0].Digest != d {
		t.Errorf("the result is %+v: %v", back, err)
	}
}

// TestOwnFault: a file that changes while it is sent is not the cache's fault, and does not get there.
func TestOwnFault(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c Config) {
		c.Notice = func(text string) { t.Errorf("told: %s", text) }
		cache, ctx := open(t, c), context.Background()
		content, d := random(2 << 20)
		other := bytes.Clone(content)
		other[len(other)-1] ^= 1
		broken := errors.New("broken")
		for _, r := range []io.Reader{
			bytes.NewReader(other), bytes.NewReader(content[:1<<20]), io.MultiReader(bytes.NewReader(other)),
			io.MultiReader(bytes.NewReader(content[:1<<20])),
		} {
			if err := cache.PutBlob(ctx, d, r); !errors.Is(err, errOther) {
				t.Errorf("sending something else: %v", err)
			}
		}
		if err := cache.PutBlob(ctx, d, io.MultiReader(bytes.NewReader(content[:1<<20]), failing{broken})); !errors.Is(err, broken) {
			t.Errorf("sending from what breaks: %v", err)
		}
		if missing, err := cache.Missing(ctx, []reapi.Digest{d}); err != nil || len(missing) != 1 {
			t.Errorf("it is there: %v", err)
		}
		if err := cache.PutBlob(ctx, d, bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := cache.Blob(ctx, d, failing{broken}); !errors.Is(err, broken) {
				t.Errorf("writing to what breaks: %v", err)
			}
			canceled, cancel := context.WithCancel(ctx)
			cancel()
			if err := cache.Blob(canceled, d, io.Discard); !errors.Is(err, context.Canceled) {
				t.Errorf("canceled: %v", err)
			}
		}
	})
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error)  { return 0, f.error }
func (f failing) Write([]byte) (int, error) { return 0, f.error }

// TestSecrets: nothing that is told has the headers, also when the cache repeats them.
func TestSecrets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c Config) {
		var told []string
		c.Notice = func(text string) { told = append(told, text) }
		c.Headers = map[string]string{"Authorization": "Bearer s3cr3t", "X-Key": "k3y"}
		c.Address = strings.Replace(c.Address, "://", "://me:passw0rd@", 1)
		cache := open(t, c)
		for range 4 {
			_, err := cache.Result(context.Background(), reapi.DigestOf(nil))
			if err == nil || errors.Is(err, errMissing) {
				t.Fatalf("it was let in: %v", err)
			}
			told = append(told, err.Error())
		}
		if !slices.ContainsFunc(told, func(text string) bool { return strings.Contains(text, "headers") }) {
			t.Errorf("what to look at is not told: %q", told)
		}
		for _, text := range told {
			for _, secret := range []string{"s3cr3t", "k3y", "passw0rd"} {
				if strings.Contains(text, secret) {
					t.Errorf("%q has a secret", text)
				}
			}
		}
	})
	if _, err := Open(Config{Address: "https://me:passw0rd@host:port"}); err == nil || strings.Contains(err.Error(), "passw0rd") {
		t.Errorf("an address that is none: %v", err)
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	content, d := random(1000)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Authorization", "X-Key", "Referer"} {
			if value := r.Header.Get(name); value != "" {
				t.Errorf("another host gets %s: %s", name, value)
			}
		}
		if r.URL.Query().Get("sign") != "s3cr3t" {
			t.Errorf("asked for %s", r.URL)
		}
		_, _ = w.Write(content)
	}))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "k3y" {
			t.Error("the header is not there")
		}
		w.Header().Set("Location", elsewhere.URL+"/x?sign=s3cr3t")
		w.WriteHeader(http.StatusFound)
	}))
	defer server.Close()
	c := patient(server.URL)
	c.Headers = map[string]string{"Authorization": "Bearer t0ken", "X-Key": "k3y"}
	cache := open(t, c)
	var got bytes.Buffer
	if err := cache.Blob(context.Background(), d, &got); err != nil || !bytes.Equal(got.Bytes(), content) {
		t.Errorf("behind a redirect: %v", err)
	}
	elsewhere.Close()
	if err := cache.Blob(context.Background(), d, &got); err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("a signed address is told: %v", err)
	}
}

// TestFaults: a cache that does not what it should gives an error, and nothing wrong.
func TestFaults(t *testing.T) {
	t.Parallel()
	big, bigDigest := random(3 << 20)
	little, littleDigest := random(2000)
	for name, fault := range map[string]reapitest.Fault{
		"a lie":            {Method: "Read", Lie: true},
		"a part":           {Method: "Read", Short: true},
		"a broken stream":  {Method: "Read", Break: 1, Code: codes.DataLoss},
		"unavailable":      {Code: codes.Unavailable},
		"exhausted":        {Code: codes.ResourceExhausted},
		"not allowed":      {Code: codes.PermissionDenied},
		"not known":        {Code: codes.Unimplemented},
		"a lie in a batch": {Method: "BatchReadBlobs", Lie: true},
		"a part of it":     {Method: "BatchReadBlobs", Short: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := reapitest.Start(t, reapitest.Options{})
			server.Put(big)
			server.Put(little)
			other, otherDigest := random(10)
			server.Put(other)
			server.Fault(fault)
			cache := open(t, patient(server.Address))
			var got bytes.Buffer
			var err error
			if strings.HasPrefix(fault.Method, "Batch") {
				err = cache.Blobs(context.Background(), []reapi.Digest{littleDigest, otherDigest}, func(_ reapi.Digest, r io.Reader) error {
					_, err := io.Copy(io.Discard, r)
					return err
				})
			} else {
				err = cache.Blob(context.Background(), bigDigest, &got)
			}
			if err == nil || errors.Is(err, errMissing) {
				t.Errorf("no error: %v", err)
			}
			server.Heal()
			got.Reset()
			if fault.Code == codes.PermissionDenied || fault.Code == codes.Unimplemented {
				if err := cache.Blob(context.Background(), bigDigest, &got); !errors.Is(err, errLeftOut) {
					t.Errorf("asked again at once: %v", err)
				}
				return
			}
			if err := cache.Blob(context.Background(), bigDigest, &got); err != nil || !bytes.Equal(got.Bytes(), big) {
				t.Errorf("after it: %v", err)
			}
		})
	}
}

// TestGoesOn: streams that break go on where they were.
func TestGoesOn(t *testing.T) {
	t.Parallel()
	server := reapitest.Start(t, reapitest.Options{})
	cache, ctx := open(t, patient(server.Address)), context.Background()
	content, d := random(5 << 20)
	server.Put(content)
	server.Fault(reapitest.Fault{Method: "Read", Times: 3, Break: 1 << 20})
	var got bytes.Buffer
	if err := cache.Blob(ctx, d, &got); err != nil || !bytes.Equal(got.Bytes(), content) {
		t.Errorf("reading: %v", err)
	}
	if n := server.Calls("Read"); n != 4 {
		t.Errorf("%d streams", n)
	}
	content, d = random(5 << 20)
	server.Fault(reapitest.Fault{Method: "Write", Times: 3, Break: 1 << 20})
	if err := cache.PutBlob(ctx, d, bytes.NewReader(content)); err != nil {
		t.Errorf("writing: %v", err)
	}
	if n := server.Calls("QueryWriteStatus"); n != 3 {
		t.Errorf("%d questions", n)
	}
	if kept, _ := server.Blob(d.Hex()); !bytes.Equal(kept, content) {
		t.Error("another blob was kept")
	}
	content, d = random(5 << 20)
	server.Fault(reapitest.Fault{Method: "Write", Times: 1, Break: 1 << 20})
	if err := cache.PutBlob(ctx, d, io.MultiReader(bytes.NewReader(content))); err == nil {
		t.Error("what cannot be read again goes on")
	}
}

// TestBatchTooLarge: what a server does not take as a batch goes alone.
func TestBatchTooLarge(t *testing.T) {
	t.Parallel()
	server := reapitest.Start(t, reapitest.Options{})
	cache, ctx := open(t, patient(server.Address)), context.Background()
	contents := map[reapi.Digest][]byte{}
	for range 20 {
		content, d := random(1000)
		contents[d] = content
	}
	ds := slices.Collect(maps.Keys(contents))
	server.Fault(reapitest.Fault{Method: "BatchUpdateBlobs", Code: codes.ResourceExhausted})
	server.Fault(reapitest.Fault{Method: "BatchReadBlobs", Code: codes.ResourceExhausted})
	if err := cache.PutBlobs(ctx, ds, func(d reapi.Digest) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(contents[d])), nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := cache.Blobs(ctx, ds, func(_ reapi.Digest, r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if server.Calls("Write") != 20 || server.Calls("Read") != 20 {
		t.Errorf("%d writes, %d reads", server.Calls("Write"), server.Calls("Read"))
	}
}

// TestSilence: a cache that says nothing is given up.
func TestSilence(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts, and nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	content, d := random(3 << 20)
	server := reapitest.Start(t, reapitest.Options{})
	server.Put(content)
	server.Fault(reapitest.Fault{Method: "Read", Break: 1 << 20, Hang: true})
	server.Fault(reapitest.Fault{Hang: true})
	trickle := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // as fast as it can, but never what was asked for
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	}))
	defer trickle.Close()
	half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(content[:1<<20])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer half.Close()
	for _, address := range []string{"http://" + silent.Addr().String(), "grpc://" + silent.Addr().String(), server.Address, trickle.URL, half.URL} {
		var told int
		cache := open(t, Config{Address: address, Answer: 50 * time.Millisecond, Stall: 50 * time.Millisecond, Notice: func(string) { told++ }})
		ctx := context.Background()
		var last error
		for range mostFailures {
			if last = cache.Blob(ctx, d, io.Discard); last == nil || errors.Is(last, errLeftOut) {
				t.Errorf("%s: %v", address, last)
			}
		}
		if err := cache.Blob(ctx, d, io.Discard); !errors.Is(err, errLeftOut) || told != 1 {
			t.Errorf("%s: asked again: %v, after %v; told %d times", address, err, last, told)
		}
		other, otherDigest := random(3 << 20)
		if strings.HasPrefix(address, "http") && address != "http://"+silent.Addr().String() {
			continue
		}
		if err := cache.PutBlob(ctx, otherDigest, bytes.NewReader(other)); err == nil {
			t.Errorf("%s: something was added", address)
		}
	}
}
