//go:build !linux && !darwin && !freebsd

package control

import (
	"context"
	"net/http"
	"os"
	"time"
)

// Claim does not exist on this system.
type Claim struct{}

// Server does not exist on this system.
type Server struct{}

// Acquire is ErrUnsupported here.
func Acquire(string) (*Claim, error) { return nil, ErrUnsupported }

// FreshFor has no meaning here.
const FreshFor = 30 * time.Minute

// Refresh does nothing.
func (*Claim) Refresh() error { return nil }

// Since is when the claim was made.
func (*Claim) Since() time.Time { return time.Time{} }

// Config is the absolute path of the configuration file.
func (*Claim) Config() string { return "" }

// History is empty here.
func (*Claim) History() string { return "" }

// Key is empty here.
func (*Claim) Key() string { return "" }

// Close does nothing.
func (*Claim) Close() error { return nil }

// Serve is ErrUnsupported here.
func (*Claim) Serve(http.Handler) (*Server, error) { return nil, ErrUnsupported }

// Close does nothing.
func (*Server) Close() error { return nil }

// dial is ErrUnsupported here.
func dial(string) (path string, err error) { return "", ErrUnsupported }

// WaitGone is ErrUnsupported here.
func WaitGone(context.Context, string, int) error { return ErrUnsupported }

// CreateLog is ErrUnsupported here.
func CreateLog(string) (*os.File, error) { return nil, ErrUnsupported }

// DropLog does nothing.
func DropLog(*os.File) {}

// DropLog does nothing.
func (*Claim) DropLog() {}

// Running is nil: no loop can be found here.
func Running(string) *RunningError { return nil }

// Dir is empty here.
func (*Claim) Dir() string { return "" }

// CrashRecord is never asked for here.
func (*Claim) CrashRecord() string { return "" }
