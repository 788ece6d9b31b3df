package schema

import (
	"strings"
	"testing"
)

// TestIf holds which nodes and stages are there, by what their `if` compares.
func TestIf(t *testing.T) {
	const file = `
vars: {TESTS: {default: beside, choices: [beside, gate, off]}, EMPTY: ""}
watchers:
  check:
    watch: src
    stages:
      - {run: lint, if: "${TESTS} == gate"}
      - parallel:
          - {run: test, if: "${TESTS}==gate"}
          - {run: more, if: "'gate' == ${TESTS}"}
      - {run: build, if: "${EMPTY} == "}
  tests:
    if: ${TESTS} == beside
    watch: src
    stages: [test]
processes:
  worker:
    if: ${TESTS} != off
    run: ./worker
    depends_on: [check]
  never: {if: false, run: ./never}
`
	for value, want := range map[string]string{
		"beside": "check[build] tests[test] worker",
		"gate":   "check[lint test|more build] worker",
		"off":    "check[build]",
	} {
		c, err := Parse("/project/devloop.yaml", []byte(file), Options{LookupEnv: func(name string) (string, bool) { return value, name == "TESTS" }})
		if err != nil {
			t.Errorf("%s: %v", value, err)
			continue
		}
		var nodes []string
		for _, w := range c.Watchers {
			var groups []string
			for _, g := range w.Groups() {
				var names []string
				for _, s := range g {
					names = append(names, s.Name)
				}
				groups = append(groups, strings.Join(names, "|"))
			}
			nodes = append(nodes, w.Name+"["+strings.Join(groups, " ")+"]")
		}
		for _, p := range c.Processes {
			nodes = append(nodes, p.Name)
		}
		if got := strings.Join(nodes, " "); got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}

// TestUpdateAuto holds that `auto` is `start-first` exactly where that is no
// mistake.
func TestUpdateAuto(t *testing.T) {
	for socket, want := range map[string]Update{
		"{listen: http::3000, via: proxy}":           StartFirst,
		"{listen: http::3000, via: proxy, to: 4000}": StopFirst,
		"http::3000": StopFirst,
		"udp::3000":  StopFirst,
	} {
		c, err := parse("sockets: {web: " + socket + "}\nprocesses: {server: {run: ./server, sockets: [web], update: auto}}")
		if err != nil {
			t.Errorf("%s: %v", socket, err)
		} else if got := c.Processes[0].Update; got != want || len(c.Warnings) > 0 {
			t.Errorf("%s: got %s, want %s; %v", socket, got, want, c.Warnings)
		}
	}
	c, err := parse("sockets: {web: http::3000}\nprocesses: {server: {run: ./server, sockets: [web], ready: notify, update: auto}}")
	if err != nil || c.Processes[0].Update != StartFirst {
		t.Errorf("with `ready: notify`: %v, %v", c, err)
	}
}
