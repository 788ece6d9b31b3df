package remoteexec

import (
	"strings"

	"devloop/orchestrator/reapi"
	"devloop/orchestrator/reapi/wire"
)

// executeRequest asks for the result of an action, with what it prints in the answer where that is short.
type executeRequest struct {
	instance string
	action   reapi.Digest
	fresh    bool
}

func (r executeRequest) encode() []byte {
	b := wire.AppendString(nil, 1, r.instance)
	b = wire.AppendBool(b, 3, r.fresh)
	b = wire.AppendMessage(b, 6, r.action.Encode())
	b = wire.AppendInt(b, 9, sha256Function)
	return wire.AppendBool(wire.AppendBool(b, 10, true), 11, true)
}

const sha256Function = 1

// An operation is the state of an execution, as the engine tells it.
type operation struct {
	name     string
	metadata metadata
	done     bool
	err      status // of the operation itself: engines should put it into the response
	response *executeResponse
}

// The stages of an execution.
const (
	atCacheCheck = 1
	atQueued     = 2
	atExecuting  = 3
)

// metadata says how far an execution is.
type metadata struct {
	stage          int64
	stdout, stderr string // names of streams, or ""
}

type executeResponse struct {
	result  *reapi.ActionResult
	cached  bool
	status  status
	message string
}

// A status is a google.rpc.Status.
type status struct {
	code    int64
	message string
	missing []reapi.Digest // from a PreconditionFailure
}

func decodeOperation(data []byte) (*operation, error) {
	op := &operation{}
	err := wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return v.Text(&op.name)
		case 2:
			return wire.Message(v, &op.metadata, func(data []byte) (metadata, error) {
				return inside(data, "ExecuteOperationMetadata", decodeMetadata)
			})
		case 3:
			return v.Bool(&op.done)
		case 4:
			return wire.Message(v, &op.err, decodeStatus)
		case 5:
			return wire.Message(v, &op.response, func(data []byte) (*executeResponse, error) {
				return inside(data, "ExecuteResponse", decodeResponse)
			})
		}
		return nil
	})
	return op, err
}

// inside decodes what a google.protobuf.Any holds, if it is of that type: another one is not known here.
func inside[T any](data []byte, name string, decode func([]byte) (T, error)) (is T, err error) {
	var url string
	var value []byte
	err = wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return v.Text(&url)
		case 2:
			return v.Bytes(&value)
		}
		return nil
	})
	if err != nil || url[strings.LastIndexAny(url, "./")+1:] != name {
		return is, err
	}
	return decode(value)
}

func decodeMetadata(data []byte) (m metadata, err error) {
	err = wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return v.Int(&m.stage)
		case 3:
			return v.Text(&m.stdout)
		case 4:
			return v.Text(&m.stderr)
		}
		return nil
	})
	return m, err
}

func decodeResponse(data []byte) (*executeResponse, error) {
	r := &executeResponse{}
	err := wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return wire.Message(v, &r.result, reapi.DecodeActionResult)
		case 2:
			return v.Bool(&r.cached)
		case 3:
			return wire.Message(v, &r.status, decodeStatus)
		case 5:
			return v.Text(&r.message)
		}
		return nil
	})
	return r, err
}

func decodeStatus(data []byte) (s status, err error) {
	var missing [][]reapi.Digest
	err = wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return v.Int(&s.code)
		case 2:
			return v.Text(&s.message)
		case 3:
			return wire.Messages(v, &missing, func(data []byte) ([]reapi.Digest, error) {
				return inside(data, "PreconditionFailure", decodeMissing)
			})
		}
		return nil
	})
	for _, m := range missing {
		s.missing = append(s.missing, m...)
	}
	return s, err
}

// decodeMissing reads which blobs a PreconditionFailure calls missing. A violation of another kind is skipped.
func decodeMissing(data []byte) (all []reapi.Digest, err error) {
	err = wire.Fields(data, func(num int, v wire.Value) error {
		if num != 1 {
			return nil
		}
		return wire.Message(v, new(struct{}), func(data []byte) (none struct{}, err error) {
			var kind, subject string
			err = wire.Fields(data, func(num int, v wire.Value) error {
				switch num {
				case 1:
					return v.Text(&kind)
				case 2:
					return v.Text(&subject)
				}
				return nil
			})
			if name, ok := strings.CutPrefix(subject, "blobs/"); ok && kind == "MISSING" && err == nil {
				if d, err := reapi.ParseDigest(name); err == nil {
					all = append(all, d)
				}
			}
			return none, err
		})
	})
	return all, err
}

// named is a request that holds no more than a name: WaitExecutionRequest and CancelOperationRequest.
func named(name string) []byte { return wire.AppendString(nil, 1, name) }

func readRequest(resource string, offset int64) []byte {
	return wire.AppendInt(wire.AppendString(nil, 1, resource), 2, offset)
}

func decodeReadResponse(data []byte) (piece []byte, err error) {
	err = wire.Fields(data, func(num int, v wire.Value) error {
		if num == 10 {
			return v.Bytes(&piece)
		}
		return nil
	})
	return piece, err
}

// runsCommands reads ServerCapabilities: whether the server runs commands at all.
func runsCommands(data []byte) (is bool, err error) {
	err = wire.Fields(data, func(num int, v wire.Value) error {
		if num != 2 {
			return nil
		}
		return wire.Message(v, &is, func(data []byte) (on bool, err error) {
			err = wire.Fields(data, func(num int, v wire.Value) error {
				if num == 2 {
					return v.Bool(&on)
				}
				return nil
			})
			return on, err
		})
	})
	return is, err
}
