package procgroup

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

var signals = map[string]syscall.Signal{
	"SIGHUP": syscall.SIGHUP, "SIGINT": syscall.SIGINT, "SIGQUIT": syscall.SIGQUIT,
	"SIGABRT": syscall.SIGABRT, "SIGKILL": syscall.SIGKILL, "SIGTERM": syscall.SIGTERM,
}

// ParseSignal finds a signal by its name: "SIGTERM", "TERM", in any case. Signals that only other systems
// have are refused.
func ParseSignal(name string) (os.Signal, error) {
	full := strings.ToUpper(name)
	if !strings.HasPrefix(full, "SIG") {
		full = "SIG" + full
	}
	if sig, ok := signals[full]; ok {
		return sig, nil
	}
	return nil, fmt.Errorf("parse signal: no signal is named %q on this system", name)
}

// signalName is the name that ParseSignal reads.
func signalName(sig os.Signal) string {
	for name, s := range signals {
		if s == sig {
			return name
		}
	}
	return sig.String()
}
