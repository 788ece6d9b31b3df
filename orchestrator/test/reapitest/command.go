package reapitest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"google.golang.org/protobuf/proto"
)

// place is where commands run.
type place struct {
	dir   string
	blobs interface {
		Blob(hash string) ([]byte, bool)
		has(d *repb.Digest) bool
		Put(content []byte) *repb.Digest
	}
}

// run runs a command in a directory of its own. The error is context.DeadlineExceeded if it took too long.
func (p place) run(ctx context.Context, stdout, stderr io.Writer, action *repb.Action, command *repb.Command) (*repb.ActionResult, error) {
	root, err := os.MkdirTemp(p.dir, "run")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(root)
	if err := p.lay(root, action.GetInputRootDigest()); err != nil {
		return nil, err
	}
	dir := filepath.Join(root, filepath.FromSlash(command.GetWorkingDirectory()))
	parents := []string{dir}
	for _, path := range command.GetOutputPaths() {
		parents = append(parents, filepath.Dir(filepath.Join(dir, filepath.FromSlash(path))))
	}
	for _, parent := range parents {
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return nil, err
		}
	}
	within := ctx
	if limit := action.GetTimeout(); limit != nil {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, limit.AsDuration())
		defer cancel()
	}
	cmd := exec.CommandContext(within, command.GetArguments()[0], command.GetArguments()[1:]...)
	if !filepath.IsAbs(command.GetArguments()[0]) { // there is no PATH of the engine's own
		return nil, fmt.Errorf("no executable %q", command.GetArguments()[0])
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = dir, stdout, stderr, time.Second
	cmd.Env = []string{} // not what this process has
	for _, v := range command.GetEnvironmentVariables() {
		cmd.Env = append(cmd.Env, v.GetName()+"="+v.GetValue())
	}
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && within.Err() == nil {
		fmt.Fprintln(stderr, err)
	}
	result := &repb.ActionResult{ExitCode: 127}
	if cmd.ProcessState != nil {
		result.ExitCode = int32(cmd.ProcessState.ExitCode())
	}
	for _, path := range command.GetOutputPaths() {
		if err := p.collect(result, dir, path); err != nil {
			return nil, err
		}
	}
	return result, within.Err()
}

// lay makes a directory as the API describes it.
func (p place) lay(dir string, digest *repb.Digest) error {
	data, _ := p.blobs.Blob(digest.GetHash())
	msg := &repb.Directory{}
	if err := proto.Unmarshal(data, msg); err != nil {
		return fmt.Errorf("read the directory %s: %w", digest.GetHash(), err)
	}
	for _, f := range msg.GetFiles() {
		content, _ := p.blobs.Blob(f.GetDigest().GetHash())
		if !p.blobs.has(f.GetDigest()) {
			return fmt.Errorf("no blob %s", f.GetDigest().GetHash())
		}
		mode := fs.FileMode(0o644)
		if f.GetIsExecutable() {
			mode = 0o755
		}
		if err := os.WriteFile(filepath.Join(dir, f.GetName()), content, mode); err != nil {
			return err
		}
	}
	for _, link := range msg.GetSymlinks() {
		if err := os.Symlink(link.GetTarget(), filepath.Join(dir, link.GetName())); err != nil {
			return err
		}
	}
	for _, sub := range msg.GetDirectories() {
		below := filepath.Join(dir, sub.GetName())
		if err := os.Mkdir(below, 0o755); err != nil {
			return err
		}
		if err := p.lay(below, sub.GetDigest()); err != nil {
			return err
		}
	}
	return nil
}

// collect adds an output of a command to its result, if the command has made it.
func (p place) collect(result *repb.ActionResult, dir, path string) error {
	full := filepath.Join(dir, filepath.FromSlash(path))
	info, err := os.Lstat(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(full)
		result.OutputSymlinks = append(result.OutputSymlinks, &repb.OutputSymlink{Path: path, Target: target})
		return err
	case info.IsDir():
		tree := &repb.Tree{}
		tree.Root, err = p.gather(full, tree)
		if err != nil {
			return err
		}
		data, err := proto.MarshalOptions{Deterministic: true}.Marshal(tree)
		result.OutputDirectories = append(result.OutputDirectories, &repb.OutputDirectory{Path: path, TreeDigest: p.blobs.Put(data)})
		return err
	}
	content, err := os.ReadFile(full)
	result.OutputFiles = append(result.OutputFiles, &repb.OutputFile{Path: path, Digest: p.blobs.Put(content), IsExecutable: info.Mode()&0o100 != 0})
	return err
}

// gather makes the message of a directory, and adds those below it to a tree.
func (p place) gather(dir string, tree *repb.Tree) (*repb.Directory, error) {
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, err
	}
	msg := &repb.Directory{}
	for _, entry := range entries {
		full := filepath.Join(dir, entry.Name())
		switch {
		case entry.IsDir():
			below, err := p.gather(full, tree)
			if err != nil {
				return nil, err
			}
			data, err := proto.MarshalOptions{Deterministic: true}.Marshal(below)
			if err != nil {
				return nil, err
			}
			tree.Children = append(tree.Children, below)
			msg.Directories = append(msg.Directories, &repb.DirectoryNode{Name: entry.Name(), Digest: p.blobs.Put(data)})
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(full)
			if err != nil {
				return nil, err
			}
			msg.Symlinks = append(msg.Symlinks, &repb.SymlinkNode{Name: entry.Name(), Target: target})
		default:
			content, err := os.ReadFile(full)
			if err != nil {
				return nil, err
			}
			info, err := entry.Info()
			if err != nil {
				return nil, err
			}
			msg.Files = append(msg.Files, &repb.FileNode{Name: entry.Name(), Digest: p.blobs.Put(content), IsExecutable: info.Mode()&0o100 != 0})
		}
	}
	return msg, nil
}
