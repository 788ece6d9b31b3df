package remotecache

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/reapi/wire"
	"devloop/orchestrator/remotecache/grpcwire"
)

const api = "/build.bazel.remote.execution.v2."

const mostBatch = 3 << 20 // bytes; messages of more than 4 MiB are refused

// grpcCache is a cache that speaks the Remote Execution API v2.
type grpcCache struct {
	config Config
	conn   *grpcwire.Conn

	mu    sync.Mutex
	known *abilities // nil: not asked yet
}

// abilities are what a server says of itself.
type abilities struct {
	batch    int64 // most bytes of a batch
	readOnly bool
}

func newGRPC(c Config) (*grpcCache, error) {
	conn, err := grpcwire.Dial(grpcwire.Config{Address: c.Address, Headers: c.Headers, Answer: c.Answer})
	if err != nil {
		return nil, err
	}
	return &grpcCache{config: c, conn: conn}, nil
}

func (c *grpcCache) close() { _ = c.conn.Close() }

// call makes a call and says what its failure means.
func (c *grpcCache) call(ctx context.Context, method string, request []byte) ([]byte, error) {
	reply, err := c.conn.Call(ctx, method, request)
	return reply, judge(method, err)
}

func judge(method string, err error) error {
	switch code := grpcwire.CodeOf(err); code {
	case grpcwire.OK:
		return nil
	case grpcwire.NotFound:
		return errMissing
	case grpcwire.Unauthenticated, grpcwire.PermissionDenied:
		return &refusal{fmt.Errorf("%s: %w (see `headers` of `remote`)", path.Base(method), err)}
	case grpcwire.Unimplemented:
		return &refusal{fmt.Errorf("%s: %w", path.Base(method), err)}
	}
	return err
}

// able asks what the server can do, once.
func (c *grpcCache) able(ctx context.Context) (abilities, error) {
	c.mu.Lock()
	defer c.mu.Unlock() // whoever comes meanwhile needs the answer, too
	if c.known != nil {
		return *c.known, nil
	}
	reply, err := c.conn.Call(ctx, api+"Capabilities/GetCapabilities", c.request())
	known := abilities{batch: mostBatch}
	switch {
	case grpcwire.CodeOf(err) == grpcwire.Unimplemented: // a cache that has never heard of it
	case err != nil:
		return abilities{}, judge(api+"Capabilities/GetCapabilities", err)
	default:
		if err := known.read(reply); err != nil {
			return abilities{}, err
		}
	}
	c.known = &known
	return known, nil
}

// read reads a ServerCapabilities.
func (a *abilities) read(reply []byte) error {
	const sha256 = 1 // of DigestFunction
	sha, functions, updates := false, false, true
	digests := func(v wire.Value) error {
		functions = true
		var one int64
		if v.Int(&one) == nil {
			sha = sha || one == sha256
			return nil
		}
		var packed []byte
		err := v.Bytes(&packed)
		sha = sha || slices.Contains(packed, sha256)
		return err
	}
	cache := func(data []byte) (struct{}, error) {
		return struct{}{}, wire.Fields(data, func(num int, v wire.Value) error {
			switch num {
			case 1:
				return digests(v)
			case 2:
				updates = false
				return wire.Message(v, &updates, func(data []byte) (enabled bool, err error) {
					return enabled, wire.Fields(data, func(num int, v wire.Value) error {
						if num == 1 {
							return v.Bool(&enabled)
						}
						return nil
					})
				})
			case 4:
				return v.Int(&a.batch)
			}
			return nil
		})
	}
	err := wire.Fields(reply, func(num int, v wire.Value) error {
		if num == 1 {
			return wire.Message(v, new(struct{}), cache)
		}
		return nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("read what the cache can do: %w", err)
	case functions && !sha:
		return &refusal{errors.New("it does not know contents by their SHA-256")}
	case a.batch <= 0 || a.batch > mostBatch:
		a.batch = mostBatch
	}
	a.readOnly = !updates
	return nil
}

// request begins a request: the instance is the first field of all.
func (c *grpcCache) request() []byte { return wire.AppendString(nil, 1, c.config.Instance) }

func (c *grpcCache) result(ctx context.Context, key reapi.Digest) ([]byte, error) {
	return c.call(ctx, api+"ActionCache/GetActionResult", wire.AppendMessage(c.request(), 2, key.Encode()))
}

func (c *grpcCache) putResult(ctx context.Context, key reapi.Digest, result []byte) error {
	can, err := c.able(ctx)
	if err != nil {
		return err
	}
	if can.readOnly {
		return &refusal{errors.New("it does not let this user add results")}
	}
	_, err = c.call(ctx, api+"ActionCache/UpdateActionResult", wire.AppendMessage(wire.AppendMessage(c.request(), 2, key.Encode()), 3, result))
	return err
}

func (c *grpcCache) missing(ctx context.Context, ds []reapi.Digest) (missing []reapi.Digest, err error) {
	const most = 20_000 // a message of them is well below 4 MiB
	for some := range slices.Chunk(ds, most) {
		request := c.request()
		for _, d := range some {
			request = wire.AppendMessage(request, 2, d.Encode())
		}
		reply, err := c.call(ctx, api+"ContentAddressableStorage/FindMissingBlobs", request)
		if err != nil {
			return nil, err
		}
		err = wire.Fields(reply, func(num int, v wire.Value) error {
			if num == 2 {
				return wire.Messages(v, &missing, reapi.DecodeDigest)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read which blobs are missing: %w", err)
		}
	}
	return missing, nil
}

func (c *grpcCache) batch(ctx context.Context) (int64, error) {
	can, err := c.able(ctx)
	return can.batch, err
}

// readBatch reads blobs, without those that were too much for one answer.
func (c *grpcCache) readBatch(ctx context.Context, ds []reapi.Digest) (map[reapi.Digest][]byte, error) {
	request := c.request()
	for _, d := range ds {
		request = wire.AppendMessage(request, 2, d.Encode())
	}
	const method = api + "ContentAddressableStorage/BatchReadBlobs"
	reply, err := c.call(ctx, method, request)
	if tooMuch(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all := make(map[reapi.Digest][]byte, len(ds))
	err = eachAnswer(reply, 3, func(d reapi.Digest, content []byte, code grpcwire.Code) error {
		if code == grpcwire.OK {
			all[d] = content
		} else if !tooMuch(&grpcwire.Status{Code: code}) {
			return judge(method, &grpcwire.Status{Code: code})
		}
		return nil
	})
	return all, err
}

func (c *grpcCache) putBatch(ctx context.Context, all map[reapi.Digest][]byte) error {
	request := c.request()
	for d, content := range all {
		request = wire.AppendMessage(request, 2, wire.AppendBytes(wire.AppendMessage(nil, 1, d.Encode()), 2, content))
	}
	const method = api + "ContentAddressableStorage/BatchUpdateBlobs"
	var alone []reapi.Digest
	switch reply, err := c.call(ctx, method, request); {
	case tooMuch(err):
		for d := range all {
			alone = append(alone, d)
		}
	case err != nil:
		return err
	default:
		err = eachAnswer(reply, 2, func(d reapi.Digest, _ []byte, code grpcwire.Code) error {
			if tooMuch(&grpcwire.Status{Code: code}) {
				alone = append(alone, d)
				return nil
			}
			return judge(method, ofCode(code))
		})
		if err != nil {
			return err
		}
	}
	for _, d := range alone {
		if err := c.write(ctx, d, newMemory(d, all[d])); err != nil {
			return err
		}
	}
	return nil
}

// tooMuch is whether a batch has failed because of its size: its blobs go alone then.
func tooMuch(err error) bool {
	code := grpcwire.CodeOf(err)
	return code == grpcwire.ResourceExhausted || code == grpcwire.InvalidArgument
}

func ofCode(code grpcwire.Code) error {
	if code == grpcwire.OK {
		return nil
	}
	return &grpcwire.Status{Code: code}
}

// eachAnswer reads the answers to a batch, in which the status has the number that status says.
func eachAnswer(reply []byte, status int, do func(reapi.Digest, []byte, grpcwire.Code) error) error {
	return wire.Fields(reply, func(num int, v wire.Value) error {
		if num != 1 {
			return nil
		}
		return wire.Message(v, new(struct{}), func(data []byte) (none struct{}, err error) {
			var (
				d       reapi.Digest
				content []byte
				code    int64
			)
			err = wire.Fields(data, func(num int, v wire.Value) error {
				switch {
				case num == 1:
					return wire.Message(v, &d, reapi.DecodeDigest)
				case num == status:
					return wire.Message(v, &code, statusCode)
				case num == 2:
					return wire.Message(v, &content, func(data []byte) ([]byte, error) { return data, nil })
				}
				return nil
			})
			if err != nil {
				return none, err
			}
			return none, do(d, content, grpcwire.Code(code))
		})
	})
}

// statusCode reads the code of a google.rpc.Status.
func statusCode(data []byte) (code int64, err error) {
	return code, wire.Fields(data, func(num int, v wire.Value) error {
		if num == 1 {
			return v.Int(&code)
		}
		return nil
	})
}
