//go:build unix

package remotecache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/test/testenv"
)

const nginxConfig = `
%[3]s
daemon off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  server {
    listen 127.0.0.1:%[2]s;
    root %[1]s/kept;
    client_max_body_size 0;
    location / {
      if ($http_authorization != "Bearer hush") { return 401; }
      dav_methods PUT;
      create_full_put_path on;
    }
  }
}
`

// startNginx starts nginx with WebDAV, and returns its address and where it keeps contents.
func startNginx(t testing.TB) (address, kept string) {
	t.Helper()
	program := testenv.Program(t, "nginx")
	dir, port := t.TempDir(), testenv.FreePort()
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // who owns the directory of the test
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "kept"), 0o755), os.WriteFile(file, fmt.Appendf(nil, nginxConfig, dir, port, user), 0o644)); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(program, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", file)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			logged, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Logf("nginx: %s%s", said.Bytes(), logged)
		}
	})
	testenv.UntilTrue(t, "nginx listens", func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return "http://127.0.0.1:" + port + "/team", filepath.Join(dir, "kept", "team")
}

// TestNginx: nginx with WebDAV is a cache.
func TestNginx(t *testing.T) {
	t.Parallel()
	address, kept := startNginx(t)
	c := patient(address)
	c.Headers = map[string]string{"Authorization": "Bearer hush"}
	cache := open(t, c)
	usable(t, cache)

	content, d := random(1 << 20)
	ctx := context.Background()
	if err := cache.PutBlob(ctx, d, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	content[7] ^= 1 // a disk that has another bit
	if err := os.WriteFile(filepath.Join(kept, "cas", d.Hex()), content, 0o644); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := cache.Blob(ctx, d, &got); !errors.Is(err, errOther) {
		t.Errorf("a damaged blob: %v", err)
	}
	if err := os.WriteFile(filepath.Join(kept, "ac", d.Hex()), []byte("<html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Result(ctx, d); err == nil || errors.Is(err, errMissing) {
		t.Errorf("a damaged result: %v", err)
	}

	c.Headers = nil
	other := open(t, c)
	if _, err := other.Result(ctx, reapi.DigestOf(nil)); err == nil || errors.Is(err, errMissing) {
		t.Errorf("without the header: %v", err)
	}
}
