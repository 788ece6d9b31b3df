package reapi

import (
	"time"

	"devloop/orchestrator/reapi/wire"
)

// An ActionResult is what came of an action. Its paths are what the other side wrote: who puts outputs back writes to those
// that it asked for, and to no others.
type ActionResult struct {
	Files       []OutputFile
	Symlinks    []OutputSymlink
	Directories []OutputDirectory
	ExitCode    int32
	// What the command printed is in Stdout and Stderr, or it is long and has a digest.
	Stdout, Stderr             []byte
	StdoutDigest, StderrDigest Digest
	Metadata                   ExecutedActionMetadata
}

// An OutputFile is a file that the command made. Path is relative to the working directory, with slashes.
type OutputFile struct {
	Path       string
	Digest     Digest
	Executable bool
	Contents   []byte // where the other side sent them along; nobody has checked them against Digest
	Mode       uint32 // the permission bits; 0 where they are not told
}

// An OutputSymlink is a symbolic link that the command made.
type OutputSymlink struct{ Path, Target string }

// An OutputDirectory is a directory that the command made.
type OutputDirectory struct {
	Path                string
	Tree                Digest // of a Tree
	TopologicallySorted bool   // every Directory in Tree comes before those below it
	RootDirectory       Digest // of a Directory, where the other side keeps those too
}

// ExecutedActionMetadata says who ran the command, and when. Times that are not told are zero.
type ExecutedActionMetadata struct {
	Worker                             string
	Queued                             time.Time
	WorkerStart, WorkerCompleted       time.Time
	InputFetchStart, InputFetchEnd     time.Time
	ExecutionStart, ExecutionCompleted time.Time
	OutputUploadStart, OutputUploadEnd time.Time
}

// Encode gives the canonical bytes: outputs are sorted by their paths.
func (r *ActionResult) Encode() []byte {
	var b []byte
	for _, f := range sorted(r.Files, func(f OutputFile) string { return f.Path }) {
		msg := appendDigest(wire.AppendString(nil, 1, f.Path), 2, f.Digest)
		msg = wire.AppendBytes(wire.AppendBool(msg, 4, f.Executable), 5, f.Contents)
		b = wire.AppendMessage(b, 2, appendMode(msg, 7, f.Mode))
	}
	for _, d := range sorted(r.Directories, func(d OutputDirectory) string { return d.Path }) {
		msg := appendDigest(wire.AppendString(nil, 1, d.Path), 3, d.Tree)
		b = wire.AppendMessage(b, 3, appendDigest(wire.AppendBool(msg, 4, d.TopologicallySorted), 5, d.RootDirectory))
	}
	b = wire.AppendInt(b, 4, int64(r.ExitCode))
	b = wire.AppendBytes(b, 5, r.Stdout)
	b = appendDigest(b, 6, r.StdoutDigest)
	b = wire.AppendBytes(b, 7, r.Stderr)
	b = appendDigest(b, 8, r.StderrDigest)
	b = wire.AppendBytes(b, 9, r.Metadata.encode())
	for _, l := range sorted(r.Symlinks, func(l OutputSymlink) string { return l.Path }) {
		b = wire.AppendMessage(b, 12, wire.AppendString(wire.AppendString(nil, 1, l.Path), 2, l.Target))
	}
	return b
}

// DecodeActionResult reads what Encode writes. Links that are told only in the fields of older versions
// are Symlinks too.
func DecodeActionResult(data []byte) (*ActionResult, error) {
	r := &ActionResult{}
	var older []OutputSymlink
	err := wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 2:
			return wire.Messages(v, &r.Files, decodeOutputFile)
		case 3:
			return wire.Messages(v, &r.Directories, decodeOutputDirectory)
		case 4:
			var code int64
			err := v.Int(&code)
			r.ExitCode = int32(code)
			return err
		case 5:
			return v.Bytes(&r.Stdout)
		case 6:
			return wire.Message(v, &r.StdoutDigest, DecodeDigest)
		case 7:
			return v.Bytes(&r.Stderr)
		case 8:
			return wire.Message(v, &r.StderrDigest, DecodeDigest)
		case 9:
			return wire.Message(v, &r.Metadata, decodeMetadata)
		case 10, 11:
			return wire.Messages(v, &older, decodeOutputSymlink)
		case 12:
			return wire.Messages(v, &r.Symlinks, decodeOutputSymlink)
		}
		return nil
	})
	if len(r.Symlinks) == 0 {
		r.Symlinks = older
	}
	return r, err
}

func decodeOutputFile(data []byte) (f OutputFile, err error) {
	err = wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return v.Text(&f.Path)
		case 2:
			return wire.Message(v, &f.Digest, DecodeDigest)
		case 4:
			return v.Bool(&f.Executable)
		case 5:
			return v.Bytes(&f.Contents)
		case 7:
			return wire.Message(v, &f.Mode, decodeMode)
		}
		return nil
	})
	return f, err
}

func decodeOutputSymlink(data []byte) (OutputSymlink, error) {
	l, err := decodeSymlink(data) // of the same form
	return OutputSymlink{l.Name, l.Target}, err
}

func decodeOutputDirectory(data []byte) (d OutputDirectory, err error) {
	err = wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return v.Text(&d.Path)
		case 3:
			return wire.Message(v, &d.Tree, DecodeDigest)
		case 4:
			return v.Bool(&d.TopologicallySorted)
		case 5:
			return wire.Message(v, &d.RootDirectory, DecodeDigest)
		}
		return nil
	})
	return d, err
}

// times are the fields with times, by their numbers from 2 on.
func (m *ExecutedActionMetadata) times() [9]*time.Time {
	return [...]*time.Time{&m.Queued, &m.WorkerStart, &m.WorkerCompleted, &m.InputFetchStart, &m.InputFetchEnd,
		&m.ExecutionStart, &m.ExecutionCompleted, &m.OutputUploadStart, &m.OutputUploadEnd}
}

func (m *ExecutedActionMetadata) encode() []byte {
	b := wire.AppendString(nil, 1, m.Worker)
	for i, t := range m.times() {
		b = wire.AppendTime(b, i+2, *t)
	}
	return b
}

func decodeMetadata(data []byte) (m ExecutedActionMetadata, err error) {
	times := m.times()
	err = wire.Fields(data, func(num int, v wire.Value) error {
		switch {
		case num == 1:
			return v.Text(&m.Worker)
		case num >= 2 && num < 2+len(times):
			return wire.Message(v, times[num-2], wire.DecodeTime)
		}
		return nil
	})
	return m, err
}
