package reapi

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"
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
		msg := appendDigest(appendString(nil, 1, f.Path), 2, f.Digest)
		msg = appendBytes(appendBool(msg, 4, f.Executable), 5, f.Contents)
		b = appendMessage(b, 2, appendMode(msg, 7, f.Mode))
	}
	for _, d := range sorted(r.Directories, func(d OutputDirectory) string { return d.Path }) {
		msg := appendDigest(appendString(nil, 1, d.Path), 3, d.Tree)
		b = appendMessage(b, 3, appendDigest(appendBool(msg, 4, d.TopologicallySorted), 5, d.RootDirectory))
	}
	b = appendInt(b, 4, int64(r.ExitCode))
	b = appendBytes(b, 5, r.Stdout)
	b = appendDigest(b, 6, r.StdoutDigest)
	b = appendBytes(b, 7, r.Stderr)
	b = appendDigest(b, 8, r.StderrDigest)
	b = appendBytes(b, 9, r.Metadata.encode())
	for _, l := range sorted(r.Symlinks, func(l OutputSymlink) string { return l.Path }) {
		b = appendMessage(b, 12, appendString(appendString(nil, 1, l.Path), 2, l.Target))
	}
	return b
}

// DecodeActionResult reads what Encode writes. Links that are told only in the fields of older versions
// are Symlinks too.
func DecodeActionResult(data []byte) (*ActionResult, error) {
	r := &ActionResult{}
	var older []OutputSymlink
	err := Fields(data, func(num protowire.Number, v Value) error {
		switch num {
		case 2:
			return messages(v, &r.Files, decodeOutputFile)
		case 3:
			return messages(v, &r.Directories, decodeOutputDirectory)
		case 4:
			var code int64
			err := v.int(&code)
			r.ExitCode = int32(code)
			return err
		case 5:
			return v.bytes(&r.Stdout)
		case 6:
			return message(v, &r.StdoutDigest, DecodeDigest)
		case 7:
			return v.bytes(&r.Stderr)
		case 8:
			return message(v, &r.StderrDigest, DecodeDigest)
		case 9:
			return message(v, &r.Metadata, decodeMetadata)
		case 10, 11:
			return messages(v, &older, decodeOutputSymlink)
		case 12:
			return messages(v, &r.Symlinks, decodeOutputSymlink)
		}
		return nil
	})
	if len(r.Symlinks) == 0 {
		r.Symlinks = older
	}
	return r, err
}

func decodeOutputFile(data []byte) (f OutputFile, err error) {
	err = Fields(data, func(num protowire.Number, v Value) error {
		switch num {
		case 1:
			return v.text(&f.Path)
		case 2:
			return message(v, &f.Digest, DecodeDigest)
		case 4:
			return v.bool(&f.Executable)
		case 5:
			return v.bytes(&f.Contents)
		case 7:
			return message(v, &f.Mode, decodeMode)
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
	err = Fields(data, func(num protowire.Number, v Value) error {
		switch num {
		case 1:
			return v.text(&d.Path)
		case 3:
			return message(v, &d.Tree, DecodeDigest)
		case 4:
			return v.bool(&d.TopologicallySorted)
		case 5:
			return message(v, &d.RootDirectory, DecodeDigest)
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
	b := appendString(nil, 1, m.Worker)
	for i, t := range m.times() {
		b = appendTime(b, protowire.Number(i+2), *t)
	}
	return b
}

func decodeMetadata(data []byte) (m ExecutedActionMetadata, err error) {
	times := m.times()
	err = Fields(data, func(num protowire.Number, v Value) error {
		switch {
		case num == 1:
			return v.text(&m.Worker)
		case num >= 2 && int(num) < 2+len(times):
			return message(v, times[num-2], decodeTime)
		}
		return nil
	})
	return m, err
}
