package schema_test

import (
	"testing"

	"devloop/schema"
)

// The variable that a port is, as the file writes it.
func TestPortVar(t *testing.T) {
	t.Parallel()
	text := `vars: {PORT: 3003}
sockets:
  long: {listen: "http::${PORT}"}
  short: http::localhost:${WEB:-3001}
  plain: http::3002
processes: {server: {run: x, sockets: [long, short, plain]}}
`
	cfg, err := schema.Parse("devloop.yaml", []byte(text), schema.Options{LookupEnv: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"long": "PORT", "short": "WEB", "plain": ""}
	for i := range cfg.Sockets {
		if s := &cfg.Sockets[i]; s.PortVar() != want[s.Name] {
			t.Errorf("%s: %q", s.Name, s.PortVar())
		}
	}
	if (&schema.Socket{}).PortVar() != "" {
		t.Error("a socket of no file has a variable")
	}
}
