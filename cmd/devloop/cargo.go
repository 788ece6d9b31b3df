package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// cargoPatience is how long cargo may take to read a workspace's manifests.
const cargoPatience = 20 * time.Second

// cargoMetadata asks cargo about the project in dir; nil where there is no cargo. It uses no network,
// installs no toolchain, and ignores this shell's own target directory: the answer goes into a file for
// everybody.
func cargoMetadata(dir string) func() ([]byte, error) {
	cargo, err := exec.LookPath("cargo")
	if err != nil {
		return nil
	}
	return func() ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), cargoPatience)
		defer cancel()
		cmd := exec.CommandContext(ctx, cargo, "metadata", "--no-deps", "--offline", "--format-version", "1")
		cmd.Dir = dir
		cmd.WaitDelay = time.Second
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
			return strings.HasPrefix(v, "CARGO_TARGET_DIR=") || strings.HasPrefix(v, "CARGO_BUILD_TARGET_DIR=")
		}), "RUSTUP_AUTO_INSTALL=0", "CARGO_TERM_COLOR=never")
		out, err := cmd.Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			return nil, errors.New(strings.TrimSpace(string(exit.Stderr)))
		}
		if err != nil {
			return nil, fmt.Errorf("cargo metadata: %w", err)
		}
		return out, nil
	}
}
