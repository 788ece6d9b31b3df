package beside

import (
	"os/exec"
	"path/filepath"
)

// A stack is a project of one file that matters, and who develops it how. The text
// ONE in the file stands on the page; BREAK is where a mistake is put.
type stack struct {
	name    string
	edited  string            // the file that is edited
	files   map[string]string // all of them
	page    string            // the path whose answer shows the text
	mistake [2]string         // what is put in place of what: a mistake of syntax
	modules []string          // what node_modules has to hold
	python  []string          // modules of Python
	needs   []string          // programs
	devloop tool              // its files are its devloop.yaml
	peers   []tool
}

// A tool is what somebody runs in the project's directory. It is told its port by
// PORT, or by $PORT in its command.
type tool struct {
	label   string
	command []string
	files   map[string]string // of its own, beside the project's
}

// missing is the first thing that a stack has to have and this machine has not; "" if it is all there.
func (b *bench) missing(k stack) string {
	for _, name := range k.needs {
		if _, err := exec.LookPath(name); err != nil {
			return name
		}
	}
	for _, name := range k.modules {
		if found, err := filepath.Glob(filepath.Join(b.modules, "node_modules", name, "package.json")); err != nil || b.modules == "" || len(found) == 0 {
			return name + " (see -modules)"
		}
	}
	for _, name := range k.python {
		if exec.CommandContext(b.Ctx, "python3", "-c", "import "+name).Run() != nil {
			return "Python module " + name
		}
	}
	return ""
}

const node = `const http = require("http");
const text = "version ONE";
http.createServer((req, res) => res.end(text)).listen(process.env.PORT, "127.0.0.1");
`

const goMain = `package main

import (
	"fmt"
	"net/http"
	"os"
)

const text = "version ONE"

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) })
	fmt.Println(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
`

const nestMain = `import "reflect-metadata";
import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";

const text = "version ONE";

@Controller()
class Home {
  @Get()
  home() { return text; }
}

@Module({ controllers: [Home] })
class App {}

NestFactory.create(App).then((app) => app.listen(process.env.PORT ?? 3000, "127.0.0.1"));
`

const djangoSettings = `SECRET_KEY = "x"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
`

func preset(text string) tool {
	return tool{files: map[string]string{"devloop.yaml": text}}
}

// stackList is what can be measured, in the order of the table. devloop's
// configuration is the preset; it runs no tests, for the others run none.
var stackList = []stack{
	{
		name: "Go", edited: "main.go", page: "/", mistake: [2]string{"const text", "const text text"}, needs: []string{"go"},
		files:   map[string]string{"main.go": goMain, "go.mod": "module shop\n\ngo 1.22\n"},
		devloop: preset("extends: preset:go-web\nvars: {VIA: proxy, TESTS: \"off\"}\n"),
		peers:   []tool{{label: "air", command: []string{"air"}}},
	},
	{
		name: "Node", edited: "server.js", page: "/", mistake: [2]string{"const text", "const text text"}, needs: []string{"node"},
		files:   map[string]string{"server.js": node, "package.json": `{"name":"shop","private":true}`},
		devloop: preset("extends: preset:node-web\nvars: {TESTS: \"off\"}\n"),
		peers: []tool{
			{label: "nodemon", command: []string{"nodemon", "server.js"}},
			{label: "node --watch", command: []string{"node", "--watch", "server.js"}},
		},
	},
	{
		name: "Nest", edited: "src/main.ts", page: "/", mistake: [2]string{"const text", "const text text"},
		modules: []string{"@nestjs/cli", "@nestjs/core", "@nestjs/platform-express", "typescript"},
		files: map[string]string{
			"src/main.ts": nestMain, "package.json": `{"name":"shop","private":true}`, "nest-cli.json": `{"sourceRoot":"src"}`,
			"tsconfig.json": `{"compilerOptions":{"module":"commonjs","target":"es2022","outDir":"dist","rootDir":"src","experimentalDecorators":true,"emitDecoratorMetadata":true,"incremental":true,"skipLibCheck":true}}`,
		},
		devloop: preset("extends: preset:nest\nvars: {NEST: nest, TESTS: \"off\"}\n"),
		peers:   []tool{{label: "nest start --watch", command: []string{"nest", "start", "--watch"}}},
	},
	{
		name: "Next", edited: "app/page.js", page: "/", mistake: [2]string{"const text", "const text text"},
		modules: []string{"next", "react", "react-dom"},
		files: map[string]string{
			"app/page.js":   "const text = \"version ONE\";\nexport default function Page() { return <p>{text}</p>; }\n",
			"app/layout.js": "export default function Layout({ children }) { return <html><body>{children}</body></html>; }\n",
			"package.json":  `{"name":"shop","private":true}`,
		},
		devloop: preset("extends: preset:next\nvars: {NEXT: next, TESTS: \"off\"}\n"),
		peers:   []tool{{label: "next dev", command: []string{"next", "dev", "--hostname", "127.0.0.1", "--port", "$PORT"}}},
	},
	{
		name: "Vite", edited: "src/main.js", page: "/src/main.js", mistake: [2]string{"import", "import import"}, modules: []string{"vite"},
		files: map[string]string{
			"src/main.js":   "import \"./style.css\";\nconst text = \"version ONE\";\ndocument.body.append(text);\n",
			"src/style.css": "body { margin: 0 }\n",
			"index.html":    "<!doctype html><body><script type=\"module\" src=\"/src/main.js\"></script>\n",
			"package.json":  `{"name":"shop","private":true,"type":"module"}`,
		},
		devloop: preset("extends: preset:vite\nvars: {VITE: vite, TESTS: \"off\"}\n"),
		peers:   []tool{{label: "vite", command: []string{"vite", "--host", "127.0.0.1", "--port", "$PORT", "--strictPort"}}},
	},
	{
		name: "FastAPI", edited: "main.py", page: "/", mistake: [2]string{"def home", "def def home"}, python: []string{"fastapi", "uvicorn"},
		files:   map[string]string{"main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\ndef home():\n    return \"version ONE\"\n"},
		devloop: preset("extends: preset:python-web\nvars: {TESTS: \"off\"}\n"),
		peers:   []tool{{label: "uvicorn --reload", command: []string{"python3", "-m", "uvicorn", "--reload", "--port", "$PORT", "main:app"}}},
	},
	{
		name: "Flask", edited: "app.py", page: "/", mistake: [2]string{"def home", "def def home"}, python: []string{"flask"},
		files:   map[string]string{"app.py": "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get(\"/\")\ndef home():\n    return \"version ONE\"\n"},
		devloop: preset("extends: preset:flask\nvars: {TESTS: \"off\"}\n"),
		peers:   []tool{{label: "flask --debug", command: []string{"python3", "-m", "flask", "--app", "app", "--debug", "run", "--port", "$PORT"}}},
	},
	{
		name: "Django", edited: "urls.py", page: "/", mistake: [2]string{"def home", "def def home"}, python: []string{"django"},
		files: map[string]string{
			"manage.py":   "import os\nimport sys\n\nos.environ[\"DJANGO_SETTINGS_MODULE\"] = \"settings\"\nfrom django.core.management import execute_from_command_line\n\nexecute_from_command_line(sys.argv)\n",
			"settings.py": djangoSettings,
			"urls.py":     "from django.http import HttpResponse\nfrom django.urls import path\n\n\ndef home(request):\n    return HttpResponse(\"version ONE\")\n\n\nurlpatterns = [path(\"\", home)]\n",
		},
		devloop: preset("extends: preset:django\nvars: {TESTS: \"off\"}\n"),
		peers:   []tool{{label: "manage.py runserver", command: []string{"python3", "manage.py", "runserver", "127.0.0.1:$PORT"}}},
	},
	{
		name: "PHP", edited: "public/index.php", page: "/", mistake: [2]string{"echo", "echo echo"}, needs: []string{"php"},
		files:   map[string]string{"public/index.php": "<?php\necho \"version ONE\";\n"},
		devloop: preset("extends: preset:php-web\nvars: {TESTS: \"off\"}\n"),
		peers:   []tool{{label: "php -S", command: []string{"php", "-S", "127.0.0.1:$PORT", "-t", "public"}}},
	},
}
