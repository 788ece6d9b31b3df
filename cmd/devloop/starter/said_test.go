package starter

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// TestCommands holds what a project says of how it is run, file by file, and in which order.
func TestCommands(t *testing.T) {
	root := fstest.MapFS{}
	for name, text := range map[string]string{
		"package.json":                    `{"scripts": {"start": "node dist/app.js", "dev": "tsx watch src/app.ts", "test": "vitest"}}`,
		"composer.json":                   `{"scripts": {"serve": ["@php artisan serve"]}}`,
		"deno.json":                       "{\n  // the loop\n  \"tasks\": {\"dev\": {\"command\": \"deno run --watch main.ts\"}}}",
		"Procfile":                        "worker: sidekiq\nweb: puma -p $PORT\n",
		"Makefile":                        "PORT ?= 8080\nBIN := ./cmd/api\n.PHONY: run\nall: run\n\nrun: build ## runs it\n\t@go run $(BIN) --port \\\n\t\t$(PORT)\n\n\t# a comment\nrelease:\n\tgoreleaser\n",
		"justfile":                        "port := \"9000\"\n\n# the loop\ndev mode='x': build\n    @uvicorn app:app --port {{port}}\n\nbuild:\n    true\n",
		"Taskfile.yml":                    "version: '3'\ntasks:\n  dev: {cmds: [go run .]}\n  serve: hugo server\n  build: {cmds: [go build]}\n",
		"mise.toml":                       "[tasks.dev]\nrun = ['bun run dev']\n[tasks]\nserve = 'python -m http.server'\n",
		"pyproject.toml":                  "[tool.poe.tasks]\ndev = {cmd = 'fastapi dev'}\n[tool.pdm.scripts]\nstart = 'flask run'\n",
		".devcontainer/devcontainer.json": `{"postStartCommand": "make dev" /* here */}`,
		"compose.yaml":                    "services:\n  db: {image: postgres, command: postgres -c x}\n  web:\n    build: .\n    command: [flask, run, -p, '5000']\n",
		"Dockerfile":                      "FROM x\nCMD old\nENTRYPOINT [\"python\"]\nCMD [\"-m\", \\\n  \"shop\"]\n",
	} {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	p, err := newProject(place(root), Tools{})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, s := range p.commands() {
		fmt.Fprintf(&got, "%s:%d: %s\n", s.from, s.line, s.command)
	}
	const want = `package.json, script dev:0: tsx watch src/app.ts
package.json, script start:0: node dist/app.js
composer.json, script serve:0: @php artisan serve
deno.json, task dev:0: deno run --watch main.ts
Procfile, web:0: puma -p $PORT
Procfile, worker:0: sidekiq
Makefile, target run:7: go run ./cmd/api --port 8080
justfile, recipe dev:5: uvicorn app:app --port 9000
Taskfile.yml, task dev:3: go run .
Taskfile.yml, task serve:4: hugo server
mise.toml, task dev:0: bun run dev
mise.toml, task serve:0: python -m http.server
pyproject.toml, task dev:0: fastapi dev
pyproject.toml, task start:0: flask run
.devcontainer/devcontainer.json, postStartCommand:0: make dev
compose.yaml, service web:3: flask run -p 5000
Dockerfile, ENTRYPOINT:3: python -m shop
Dockerfile, CMD:4: -m shop
Dockerfile, ENTRYPOINT:3: python
`
	if got.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
	}
}
