package schema

import (
	"strings"
	"testing"
)

func TestConceal(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"env: {API_KEY: hunter2, PORT: 3000}", "env: {API_KEY: *******, PORT: 3000}"},
		{"  API_TOKEN: hunter2 # for tests", "  API_TOKEN: *******************"},
		{`  API_TOKEN: "a\"b c"  # x`, `  API_TOKEN: ********  # x`},
		{`  API_TOKEN: "hunter2`, `  API_TOKEN: ********`},
		{"  - DB_PASSWORD=hunter2", "  - DB_PASSWORD=*******"},
		{"env: [DB_PASSWORD=hunter2, A=1]", "env: [DB_PASSWORD=*******, A=1]"},
		{"env:\n  db_password: hunter2\n  path: /x", "env:\n  db_password: *******\n  path: /x"},
		{"vars: {password: hunter2}", "vars: {password: *******}"},
		{"SECRET: ${OTHER}", "SECRET: ${OTHER}"},
		{"A: {SECRET: [hunter2, x]}", "A: {SECRET: *************"},
		{"  KEY: |\n    one\n\n    zwö\n  A: b", "  KEY: |\n    ***\n\n    ***\n  A: b"},
		{"  KEY: one\n    two\nA: b", "  KEY: ***\n    ***\nA: b"},
		{"  TOKEN:\n    - one\n  A: b", "  TOKEN:\n    *****\n  A: b"},
		{"  URL: postgres://me:hunter2@db/x", "  URL: postgres://me:*******@db/x"},
		{"  ä: é, TOKEN: ü", "  ä: é, TOKEN: *"},
		{"YAML reads `{TOKEN: \"hunter2}` as a mapping", "YAML reads `{TOKEN: *********` as a mapping"},
		{"write `TOKEN: \"\"` for an empty one", "write `TOKEN: \"\"` for an empty one"},
		// Nodes and sockets are called so, too.
		{"sockets: {auth: htp::3000}", "sockets: {auth: htp::3000}"},
		{"processes:\n  token-server:\n    run: ./x", "processes:\n  token-server:\n    run: ./x"},
		{"env: {KEYBOARD: de, MONKEY: x}", "env: {KEYBOARD: de, MONKEY: x}"},
	} {
		if got := strings.Join(conceal(strings.Split(tc.text, "\n")).lines, "\n"); got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.text, got, tc.want)
		}
	}
}

// TestConcealLarge hides the secrets of files as large as may be, in a time that
// does not grow with the square.
func TestConcealLarge(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("token: hunter2\n", 1<<16),
		"env:\n" + strings.Repeat("  token: hunter2\n", 1<<16),
		"{env: {" + strings.Repeat("token: hunter2, ", 1<<16),
		strings.Repeat(`KEY: "\" `, 1<<17),
		strings.Repeat("KEY: ${A},", 1<<16),
		strings.Repeat("a://:b@", 1<<17),
	} {
		lines := strings.Split(text, "\n")
		if c := conceal(lines); len(c.lines) != len(lines) {
			t.Error("lines are missing")
		}
	}
}

// TestSecretsInMistakes makes mistakes around a secret, and looks for it in what
// is told of them.
func TestSecretsInMistakes(t *testing.T) {
	const secret = "hunter2canary"
	for _, src := range []string{
		"processes: {a: {run: ./a, env: {TOKEN: [hunter2canary]}}}",
		"processes: {a: {run: ./a, env: {TOKEN: {x: hunter2canary}}}}",
		"processes: {a: {run: ./a, env: {TOKEN: hunter2canary, TOKEN: hunter2canary}}}",
		"processes: {a: {run: ./a, env: [TOKEN=hunter2canary]}}",
		"processes: {a: {run: ./a, env:\n  [TOKEN=hunter2canary]}}",
		"processes:\n  a:\n    run: ./a\n    env:\n      - TOKEN=hunter2canary\n",
		"processes:\n  a:\n    run: ./a\n    environment:\n      token: hunter2canary\n",
		"processes: {a: {rum: ./a, env: {TOKEN: hunter2canary}}}",
		"processes: {a: {run: ./a, env: {TOKEN: \"hunter2canary}}}",
		"processes: {a: {run: ./a, env: {TOKEN: \"${hunter2canary:x}\"}}}",
		"processes: {a: {run: ./a, env: {TOKEN: \"$hunter2canary\"}}}",
		"vars: {TOKEN: hunter2canary}\nprocesses: {a: {run: ./a, ready: {http: \"htp://x/${TOKEN}\"}}}",
		"vars: {TOKEN: hunter2canary}\nprocesses: {a: {run: ./a, dir: \"${TOKEN}\", restart: \"${TOKEN}\"}}",
		"vars: {TOKEN: hunter2canary}\nprocesses: {a: {run: ./a, watch: \"!${TOKEN}\"}}",
		"processes: {a: {run: ./a, watch: \"!${SECRET_OUTSIDE}\"}}",
		"vars: {TOKEN: hunter2canary}\nsockets: {a: \"${TOKEN}:x\"}\nprocesses: {a: {run: ./a}}",
		"vars:\n  TOKEN: |\n    one\n    hunter2canary ${NOPE}\nprocesses: {a: {run: ./a}}",
		"vars:\n  TOKEN: one\n    hunter2canary: two\nprocesses: {a: {run: ./a}}",
		"vars: {TOKEN: hunter2canary, B: '${TOKEN:?}', B: 1}\nprocesses: {a: {run: ./a}}",
		"vars: {DATABASE_URL: 'postgres://me:hunter2canary@db', DATABASE_URL: x}\nprocesses: {a: {run: ./a}}",
		"processes:\n  server: {run: x, env: {DB_PASSWORD: \"hunter2canary}}\nwatchers: {check: {watch: src, stages: [x]}}",
	} {
		opt := testOptions()
		outer := opt.LookupEnv
		opt.LookupEnv = func(name string) (string, bool) {
			if name == "SECRET_OUTSIDE" {
				return secret, true
			}
			return outer(name)
		}
		text := printed(Parse("/project/devloop.yaml", []byte(src), opt))
		if text == "" {
			t.Errorf("no mistake: %s", src)
		}
		if strings.Contains(text, secret) {
			t.Errorf("%s\nis told as\n%s", src, text)
		}
	}
}
