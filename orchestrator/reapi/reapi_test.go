package reapi_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	repb "github.com/bazelbuild/remote-apis/build/bazel/remote/execution/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"devloop/orchestrator/reapi"
)

// A world makes messages at random, each in both forms: ours, and the generated one, in canonical order.
type world struct{ *rand.Rand }

func (w world) text() string {
	return strings.Repeat(string(rune('a'+w.IntN(26))), w.IntN(4)) + []string{"", "ü", "x y"}[w.IntN(3)]
}

func (w world) name() string { return w.text() + "n" }

func (w world) names() []string {
	var all []string
	for range w.IntN(4) {
		all = append(all, w.name())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (w world) bytes() []byte {
	if w.IntN(2) == 0 {
		return nil
	}
	return []byte(w.name())
}

func (w world) digest() (reapi.Digest, *repb.Digest) {
	d := reapi.DigestOf([]byte(w.text()))
	return d, &repb.Digest{Hash: d.Hex(), SizeBytes: d.Size}
}

func (w world) maybeDigest() (reapi.Digest, *repb.Digest) {
	if w.IntN(2) == 0 {
		return reapi.Digest{}, nil
	}
	return w.digest()
}

func (w world) properties() (ours []reapi.Property, theirs []*repb.Platform_Property) {
	for _, name := range w.names() {
		value := w.text()
		ours, theirs = append(ours, reapi.Property{Name: name, Value: value}), append(theirs, &repb.Platform_Property{Name: name, Value: value})
	}
	return ours, theirs
}

func (w world) platform() ([]reapi.Property, *repb.Platform) {
	ours, theirs := w.properties()
	if ours == nil {
		return nil, nil
	}
	return ours, &repb.Platform{Properties: theirs}
}

func (w world) mode() (uint32, *repb.NodeProperties) {
	if w.IntN(2) == 0 {
		return 0, nil
	}
	return 0o640, &repb.NodeProperties{UnixMode: wrapperspb.UInt32(0o640)}
}

func (w world) action() (*reapi.Action, *repb.Action) {
	ours, theirs := &reapi.Action{}, &repb.Action{}
	ours.Command, theirs.CommandDigest = w.maybeDigest()
	ours.InputRoot, theirs.InputRootDigest = w.maybeDigest()
	if w.IntN(2) == 0 {
		ours.Timeout = time.Duration(w.Int64N(int64(time.Hour))) - time.Minute
		theirs.Timeout = durationpb.New(ours.Timeout)
	}
	ours.DoNotCache = w.IntN(2) == 0
	ours.Salt = w.bytes()
	theirs.DoNotCache, theirs.Salt = ours.DoNotCache, ours.Salt
	ours.Platform, theirs.Platform = w.platform()
	return ours, theirs
}

func (w world) command() (*reapi.Command, *repb.Command) {
	ours := &reapi.Command{Arguments: []string{w.text(), w.text()}, OutputPaths: w.names(), WorkingDirectory: w.text()}
	theirs := &repb.Command{Arguments: ours.Arguments, OutputPaths: ours.OutputPaths, WorkingDirectory: ours.WorkingDirectory}
	ours.Platform, theirs.Platform = w.platform()
	env, properties := w.properties()
	ours.Environment = env
	for _, p := range properties {
		theirs.EnvironmentVariables = append(theirs.EnvironmentVariables, &repb.Command_EnvironmentVariable{Name: p.Name, Value: p.Value})
	}
	return ours, theirs
}

func (w world) directory() (*reapi.Directory, *repb.Directory) {
	ours, theirs := &reapi.Directory{}, &repb.Directory{}
	for _, name := range w.names() {
		d, pb := w.digest()
		mode, properties := w.mode()
		executable := w.IntN(2) == 0
		ours.Files = append(ours.Files, reapi.FileNode{Name: "f" + name, Digest: d, Executable: executable, Mode: mode})
		theirs.Files = append(theirs.Files, &repb.FileNode{Name: "f" + name, Digest: pb, IsExecutable: executable, NodeProperties: properties})
	}
	for _, name := range w.names() {
		d, pb := w.digest()
		ours.Directories = append(ours.Directories, reapi.DirectoryNode{Name: "d" + name, Digest: d})
		theirs.Directories = append(theirs.Directories, &repb.DirectoryNode{Name: "d" + name, Digest: pb})
	}
	for _, name := range w.names() {
		target := w.text()
		ours.Symlinks = append(ours.Symlinks, reapi.SymlinkNode{Name: "l" + name, Target: target})
		theirs.Symlinks = append(theirs.Symlinks, &repb.SymlinkNode{Name: "l" + name, Target: target})
	}
	return ours, theirs
}

func (w world) tree() (*reapi.Tree, *repb.Tree) {
	root, rootPB := w.directory()
	child, childPB := w.directory()
	below := map[reapi.Digest]*reapi.Directory{reapi.DigestOf(child.Encode()): child}
	return &reapi.Tree{Root: root, Children: []*reapi.Directory{child}, Below: below}, &repb.Tree{Root: rootPB, Children: []*repb.Directory{childPB}}
}

func (w world) time() (time.Time, *timestamppb.Timestamp) {
	if w.IntN(2) == 0 {
		return time.Time{}, nil
	}
	t := time.Unix(w.Int64N(4e9)-2e9, w.Int64N(1e9)).UTC()
	return t, timestamppb.New(t)
}

func (w world) result() (*reapi.ActionResult, *repb.ActionResult) {
	ours := &reapi.ActionResult{ExitCode: int32(w.IntN(3)) - 1, Stdout: w.bytes(), Stderr: w.bytes()}
	theirs := &repb.ActionResult{ExitCode: ours.ExitCode, StdoutRaw: ours.Stdout, StderrRaw: ours.Stderr}
	ours.StdoutDigest, theirs.StdoutDigest = w.maybeDigest()
	ours.StderrDigest, theirs.StderrDigest = w.maybeDigest()
	for _, name := range w.names() {
		d, pb := w.digest()
		mode, properties := w.mode()
		executable, contents := w.IntN(2) == 0, w.bytes()
		ours.Files = append(ours.Files, reapi.OutputFile{Path: name, Digest: d, Executable: executable, Contents: contents, Mode: mode})
		theirs.OutputFiles = append(theirs.OutputFiles, &repb.OutputFile{Path: name, Digest: pb, IsExecutable: executable, Contents: contents, NodeProperties: properties})
	}
	for _, name := range w.names() {
		target := w.text()
		ours.Symlinks = append(ours.Symlinks, reapi.OutputSymlink{Path: name, Target: target})
		theirs.OutputSymlinks = append(theirs.OutputSymlinks, &repb.OutputSymlink{Path: name, Target: target})
	}
	for _, name := range w.names() {
		tree, treePB := w.maybeDigest()
		root, rootPB := w.maybeDigest()
		topological := w.IntN(2) == 0
		ours.Directories = append(ours.Directories, reapi.OutputDirectory{Path: name, Tree: tree, TopologicallySorted: topological, RootDirectory: root})
		theirs.OutputDirectories = append(theirs.OutputDirectories, &repb.OutputDirectory{Path: name, TreeDigest: treePB, IsTopologicallySorted: topological, RootDirectoryDigest: rootPB})
	}
	if w.IntN(3) > 0 {
		m, pb := &ours.Metadata, &repb.ExecutedActionMetadata{}
		m.Worker = w.name()
		pb.Worker = m.Worker
		m.Queued, pb.QueuedTimestamp = w.time()
		m.WorkerStart, pb.WorkerStartTimestamp = w.time()
		m.WorkerCompleted, pb.WorkerCompletedTimestamp = w.time()
		m.InputFetchStart, pb.InputFetchStartTimestamp = w.time()
		m.InputFetchEnd, pb.InputFetchCompletedTimestamp = w.time()
		m.ExecutionStart, pb.ExecutionStartTimestamp = w.time()
		m.ExecutionCompleted, pb.ExecutionCompletedTimestamp = w.time()
		m.OutputUploadStart, pb.OutputUploadStartTimestamp = w.time()
		m.OutputUploadEnd, pb.OutputUploadCompletedTimestamp = w.time()
		theirs.ExecutionMetadata = pb
	}
	return ours, theirs
}

// check makes one message of each kind: what is written must be what the generated type writes, and is read as it was.
func (w world) check(t *testing.T) {
	action, actionPB := w.action()
	checkMessage(t, action, actionPB, nil)
	command, commandPB := w.command()
	checkMessage(t, command, commandPB, nil)
	directory, directoryPB := w.directory()
	checkMessage(t, directory, directoryPB, reapi.DecodeDirectory)
	tree, treePB := w.tree()
	checkMessage(t, tree, treePB, reapi.DecodeTree)
	result, resultPB := w.result()
	checkMessage(t, result, resultPB, reapi.DecodeActionResult)
	digest, digestPB := w.maybeDigest()
	if digestPB == nil {
		digestPB = &repb.Digest{}
	}
	checkMessage(t, digest, digestPB, reapi.DecodeDigest)
}

func checkMessage[T interface{ Encode() []byte }](t *testing.T, ours T, theirs proto.Message, decode func([]byte) (T, error)) {
	t.Helper()
	want, err := proto.MarshalOptions{Deterministic: true}.Marshal(theirs)
	if err != nil {
		t.Fatal(err)
	}
	got := ours.Encode()
	if !bytes.Equal(got, want) {
		t.Fatalf("%T:\n%+v\n%x\n%x", ours, ours, got, want)
	}
	if decode == nil {
		return
	}
	back, err := decode(got)
	if err != nil || !reflect.DeepEqual(back, ours) {
		t.Fatalf("read back, %v:\n%+v\n%+v", err, ours, back)
	}
}

func TestAsGenerated(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		world{rand.New(rand.NewPCG(seed, 1))}.check(t)
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0"
	d := reapi.DigestOf(nil)
	if d.String() != empty || d.IsZero() {
		t.Error(d)
	}
	if back, err := reapi.ParseDigest(empty); back != d || err != nil {
		t.Error(back, err)
	}
	for _, bad := range []string{"", "/", "e3/0", empty[:64], empty[:65], empty + "0", empty[:65] + "-1", empty[:65] + "+1",
		strings.ToUpper(empty), "g" + empty[1:], empty + "/1", empty[:65] + "99999999999999999999"} {
		if d, err := reapi.ParseDigest(bad); err == nil {
			t.Errorf("%q: %s", bad, d)
		}
	}
}

// Whoever makes a message need not know the canonical order.
func TestOrder(t *testing.T) {
	t.Parallel()
	d := reapi.DigestOf(nil)
	a, b := reapi.FileNode{Name: "a", Digest: d}, reapi.FileNode{Name: "b", Digest: d}
	disorderly := &reapi.Directory{Files: []reapi.FileNode{b, a}}
	if !bytes.Equal(disorderly.Encode(), (&reapi.Directory{Files: []reapi.FileNode{a, b}}).Encode()) {
		t.Error("files are in the order in which they were given")
	}
	if disorderly.Files[0] != b {
		t.Error("the directory itself was sorted")
	}
	one, other := &reapi.Directory{Files: []reapi.FileNode{a}}, &reapi.Directory{Files: []reapi.FileNode{b}}
	if !bytes.Equal((&reapi.Tree{Children: []*reapi.Directory{one, other, one}}).Encode(), (&reapi.Tree{Children: []*reapi.Directory{other, one}}).Encode()) {
		t.Error("children are in the order in which they were given, or one is there twice")
	}
	x, y := reapi.Property{Name: "x"}, reapi.Property{Name: "y"}
	if !bytes.Equal((&reapi.Command{Environment: []reapi.Property{y, x}, OutputPaths: []string{"q", "p"}}).Encode(),
		(&reapi.Command{Environment: []reapi.Property{x, y}, OutputPaths: []string{"p", "q"}}).Encode()) {
		t.Error("variables or output paths are in the order in which they were given")
	}
}

func TestOlderSymlinks(t *testing.T) {
	t.Parallel()
	link := []*repb.OutputSymlink{{Path: "l", Target: "to"}}
	for _, pb := range []*repb.ActionResult{{OutputSymlinks: link, OutputFileSymlinks: link}, {OutputFileSymlinks: link}, {OutputDirectorySymlinks: link}} {
		data, err := proto.Marshal(pb)
		if err != nil {
			t.Fatal(err)
		}
		r, err := reapi.DecodeActionResult(data)
		if err != nil || len(r.Symlinks) != 1 || r.Symlinks[0] != (reapi.OutputSymlink{Path: "l", Target: "to"}) {
			t.Error(r, err)
		}
	}
}

// Others may write what is not known here: a directory keeps the digest that it has with that.
func TestTreeOfOthers(t *testing.T) {
	t.Parallel()
	child := &repb.Directory{NodeProperties: &repb.NodeProperties{Mtime: timestamppb.Now()}, Symlinks: []*repb.SymlinkNode{{Name: "l"}}}
	data, err := proto.Marshal(child)
	if err != nil {
		t.Fatal(err)
	}
	digest := reapi.DigestOf(data)
	all, err := proto.Marshal(&repb.Tree{
		Root:     &repb.Directory{Directories: []*repb.DirectoryNode{{Name: "d", Digest: &repb.Digest{Hash: digest.Hex(), SizeBytes: digest.Size}}}},
		Children: []*repb.Directory{child},
	})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := reapi.DecodeTree(all)
	if err != nil {
		t.Fatal(err)
	}
	if d := tree.Below[tree.Root.Directories[0].Digest]; d == nil || d.Symlinks[0].Name != "l" {
		t.Error(d)
	}
}

func TestBadDirectories(t *testing.T) {
	t.Parallel()
	digest := &repb.Digest{Hash: reapi.DigestOf(nil).Hex()}
	file := func(name string) *repb.FileNode { return &repb.FileNode{Name: name, Digest: digest} }
	for _, pb := range []*repb.Directory{
		{Files: []*repb.FileNode{file("")}},
		{Files: []*repb.FileNode{file("..")}},
		{Files: []*repb.FileNode{file("a/b")}},
		{Files: []*repb.FileNode{file("a"), file("a")}},
		{Files: []*repb.FileNode{{Name: "a"}}},
		{Files: []*repb.FileNode{{Name: "a", Digest: &repb.Digest{Hash: "00"}}}},
		{Files: []*repb.FileNode{{Name: "a", Digest: &repb.Digest{Hash: digest.Hash, SizeBytes: -1}}}},
		{Files: []*repb.FileNode{file("a")}, Directories: []*repb.DirectoryNode{{Name: "a", Digest: digest}}},
		{Directories: []*repb.DirectoryNode{{Name: "a"}}},
		{Directories: []*repb.DirectoryNode{{Name: ".", Digest: digest}}},
		{Symlinks: []*repb.SymlinkNode{{Name: "\x00"}}},
	} {
		data, err := proto.Marshal(pb)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := reapi.DecodeDirectory(data); err == nil {
			t.Errorf("%v: %+v", pb, d)
		}
	}
}

// FuzzDecode: whatever the bytes are, reading them ends, and what was read is written and read again as the same.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(20) {
		w := world{rand.New(rand.NewPCG(seed, 2))}
		tree, _ := w.tree()
		r, _ := w.result()
		for _, data := range [][]byte{tree.Encode(), tree.Root.Encode(), r.Encode()} {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, reapi.DecodeDirectory)
		again(t, data, reapi.DecodeTree)
		again(t, data, reapi.DecodeActionResult)
		again(t, data, reapi.DecodeDigest)
	})
}

func again[T interface{ Encode() []byte }](t *testing.T, data []byte, decode func([]byte) (T, error)) {
	one, err := decode(data)
	if err != nil {
		return
	}
	canonical := one.Encode()
	two, err := decode(canonical)
	if err != nil || !bytes.Equal(two.Encode(), canonical) {
		t.Fatalf("%T: %v\n%x\n%x", one, err, canonical, two.Encode())
	}
}
