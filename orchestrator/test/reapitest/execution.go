package reapitest

import (
	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
)

// executionCapabilities say whether and how the server executes.
func (s *Server) executionCapabilities() *repb.ExecutionCapabilities { return nil }
