package orchestrator

import (
	"testing"

	"devloop/schema"
)

// TestSharedCache: a reload makes another cache of another configuration only, so that one that is left out stays so.
func TestSharedCache(t *testing.T) {
	t.Parallel()
	var told []string
	c := &sharedCache{notice: func(text string) { told = append(told, text) }}
	if c.use(nil); c.current() != nil {
		t.Error("a cache without a configuration")
	}
	at := func(address string, write bool) *schema.Remote { return &schema.Remote{Cache: address, Write: write} }
	c.use(at("http://localhost:1/team", false))
	one := c.current()
	if one == nil || one.Host != "localhost:1" || one.Write {
		t.Fatalf("%+v", one)
	}
	if c.use(at("http://localhost:1/team", false)); c.current() != one {
		t.Error("another cache of the same configuration")
	}
	c.use(at("grpc://localhost:1", true))
	if two := c.current(); two == one || !two.Write {
		t.Errorf("%+v", two)
	}
	if c.use(at("", true)); c.current() != nil {
		t.Error("a cache without an address")
	}
	if c.use(at("ftp://localhost", true)); c.current() != nil || len(told) != 1 {
		t.Errorf("told: %q", told)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}
