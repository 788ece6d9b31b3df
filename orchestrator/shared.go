package orchestrator

import (
	"net/url"
	"reflect"
	"sync"

	"devloop/orchestrator/remotecache"
	"devloop/orchestrator/reuse"
	"devloop/schema"
)

// sharedCache is the cache of `remote`, as the configuration has it when a stage starts. It is opened when the first stage
// with `reuse` starts, and connects when it is asked.
type sharedCache struct {
	notice func(string)

	mu     sync.Mutex // guards what follows: stages and uploads ask in goroutines of their own
	remote *schema.Remote
	cache  remotecache.Cache // nil: none
	now    *reuse.Shared
}

// use makes the cache that of a configuration.
func (c *sharedCache) use(remote *schema.Remote) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if remote == c.remote || reflect.DeepEqual(remote, c.remote) {
		return
	}
	c.remote = remote
	if c.cache != nil {
		_ = c.cache.Close() // what it is still asked ends by itself
	}
	c.cache, c.now = nil, nil
	if remote == nil || remote.Cache == "" {
		return
	}
	headers := map[string]string{}
	for _, pair := range remote.Headers {
		headers[pair.Name] = pair.Value
	}
	cache, err := remotecache.Open(remotecache.Config{Address: remote.Cache, Instance: remote.Instance, Headers: headers, Notice: c.notice})
	if err != nil {
		c.notice("remote.cache: " + err.Error())
		return
	}
	host := ""
	if u, err := url.Parse(remote.Cache); err == nil {
		host = u.Host
	}
	c.cache, c.now = cache, &reuse.Shared{Remote: cache, Host: host, Write: remote.Write}
}

// current is the cache; nil: there is none.
func (c *sharedCache) current() *reuse.Shared {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *sharedCache) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cache == nil {
		return nil
	}
	return c.cache.Close()
}
