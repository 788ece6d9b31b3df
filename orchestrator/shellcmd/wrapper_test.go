package shellcmd

import (
	"strings"
	"testing"
)

func TestWrapper(t *testing.T) {
	for _, c := range []struct{ argv, want string }{
		{"", ""},
		{"server --port 1", ""},
		{"cargo run -- --port 1", ""},
		{"cargo watch -x run", "cargo watch"},
		{"python3 -m http.server", ""},

		{"npm", ""},
		{"npm install", ""},
		{"npm run dev", "npm run"},
		{"npm start", "npm start"},
		{"npm -s --prefix web run dev", "npm run"},
		{"/usr/local/bin/npm run dev", "npm run"},
		{`C:\node\npm.cmd run dev`, "npm run"},
		{"npx vite", "npx"},
		{"yarn dev", "yarn"},
		{"pnpm dev", "pnpm"},
		{"node server.js", ""},
		{"node --enable-source-maps server.js --watch", ""},
		{"node --enable-source-maps --watch server.js", "node --watch"},
		{"bun run dev", "bun run"},
		{"bun run src/server.ts", ""},
		{"bun server.ts", ""},
		{"bun x vite", "bun x"},
		{"deno task dev", "deno task"},
		{"deno run server.ts", ""},

		{"go build ./...", ""},
		{"go run .", "go run"},
		{"go -C sub run .", "go run"},
		{"go run -exec shim .", "go run"},
		{"go tool air", "go tool"},
		{"uv run server.py", "uv run"},
		{"uv --directory api run server.py", "uv run"},
		{"uv sync", ""},
		{"dotnet run", "dotnet run"},
		{"dotnet server.dll", ""},

		{"make -j2 run", "make"},
		{"timeout 5 server", "timeout"},
		{"sudo -E server", "sudo"},
		{"setsid server", "setsid"},
		{"docker run image", "docker run"},
		{"docker --context far compose up", "docker compose"},
		{"docker build .", ""},
		{"flock lock server", "flock"},
		{"flock -F lock server", ""},
		{"flock lock server -F", "flock"},
		{"unshare -n server", ""},
		{"unshare -n --fork server", "unshare --fork"},

		{"env", ""},
		{"env FOO=1 npm run dev", "npm run"},
		{"env -i -u X -C web FOO=1 npm run dev", "npm run"},
		{"env -- FOO=1 npm run dev", "npm run"},
		{"env FOO=1 server", ""},
		{"nice -n 5 make", "make"},
		{"nice -5 make", "make"},
		{"nohup nice env A=1 go run .", "go run"},
		{"stdbuf -o L -eL go run .", "go run"},
		{"stdbuf -oL server", ""},
		{"chrt -r 10 make", "make"},
		{"taskset -c 0,1 make", "make"},
		{"ionice -c 3 make", "make"},
		{"bundle exec puma", ""},
		{"bundle exec npm start", "npm start"},
		{"bundle install", ""},
		{"poetry run uvicorn app:app", ""},
		{"poetry run make", "make"},
		{"poetry make", ""},
		{"direnv exec . npm start", "npm start"},

		{"sh start.sh", ""},
		{"sh -c x", "sh -c"},
		{"/bin/sh -ec x", "sh -c"},
		{"sh -e", ""},
		{"bash -c x", ""},
		{"bash -c make", "make"},
	} {
		if got := Wrapper(strings.Fields(c.argv)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.argv, got, c.want)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"server; server", "sh -c"},
		{"exec server >log", ""},
		{"exec npm run dev", "npm run"},
		{"exec -a name server", "sh -c"},
	} {
		if got := Wrapper([]string{"sh", "-c", c.text}); got != c.want {
			t.Errorf("sh -c %q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// TestWrapperOfForms: a wrapper is also found in words that are not literal.
func TestWrapperOfForms(t *testing.T) {
	for text, want := range map[string]string{
		"npm run dev":                  "npm run",
		"A=1 npm run dev":              "npm run",
		"npm run $SCRIPT >log":         "npm run",
		"env A=$B npm run dev":         "npm run",
		`timeout "$T" server`:          "timeout",
		`"$NODE_HOME/bin/npm" run dev`: "npm run",
		"exec go run $PKG":             "go run",
		"target/debug/server $A":       "",
	} {
		c, err := Resolve(text, defaultShell, true)
		if err != nil || !c.KeepsPID || c.Wrapper != want {
			t.Errorf("%q: got %+v, %v; want the wrapper %q", text, c, err, want)
		}
	}
}
