package reapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"devloop/orchestrator/reapi/wire"
)

// A Directory is a level of a tree of files, which refers to the levels below it by their digests.
type Directory struct {
	Files       []FileNode
	Directories []DirectoryNode
	Symlinks    []SymlinkNode
}

// A FileNode is a file in a Directory.
type FileNode struct {
	Name       string
	Digest     Digest
	Executable bool
	Mode       uint32 // the permission bits; 0 where they are not told
}

// A DirectoryNode is a directory in a Directory. Digest is that of its own Directory.
type DirectoryNode struct {
	Name   string
	Digest Digest
}

// A SymlinkNode is a symbolic link in a Directory.
type SymlinkNode struct{ Name, Target string }

// A Tree is a directory with everything below it: the Directory of the root, and all others that are referred to.
type Tree struct {
	Root     *Directory
	Children []*Directory
	// Below are the children of a Tree that was read, by the digests by which others refer to them. Those of a message that
	// somebody else wrote need not be the ones that Encode gives.
	Below map[Digest]*Directory
}

// Encode gives the canonical bytes: nodes are sorted by their names.
func (d *Directory) Encode() []byte {
	var msg []byte
	b := make([]byte, 0, (len(d.Files)+len(d.Directories))*(mostEncoded+32))
	for _, f := range sorted(d.Files, func(f FileNode) string { return f.Name }) {
		msg = appendDigest(wire.AppendString(msg[:0], 1, f.Name), 2, f.Digest)
		msg = appendMode(wire.AppendBool(msg, 4, f.Executable), 6, f.Mode)
		b = wire.AppendMessage(b, 1, msg)
	}
	for _, sub := range sorted(d.Directories, func(d DirectoryNode) string { return d.Name }) {
		msg = appendDigest(wire.AppendString(msg[:0], 1, sub.Name), 2, sub.Digest)
		b = wire.AppendMessage(b, 2, msg)
	}
	for _, l := range sorted(d.Symlinks, func(l SymlinkNode) string { return l.Name }) {
		b = wire.AppendMessage(b, 3, wire.AppendString(wire.AppendString(nil, 1, l.Name), 2, l.Target))
	}
	return b
}

// sorted are the nodes in the order of their names; those that are in order already are not copied.
func sorted[T any](nodes []T, name func(T) string) []T {
	order := func(a, b T) int { return cmp.Compare(name(a), name(b)) }
	if slices.IsSortedFunc(nodes, order) {
		return nodes
	}
	return slices.SortedStableFunc(slices.Values(nodes), order)
}

// decodeDirectory reads what Encode writes. Every name is that of one thing in one directory: none is "..", none has a
// slash, and no two are the same.
func decodeDirectory(data []byte) (*Directory, error) {
	d := &Directory{}
	err := wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return wire.Messages(v, &d.Files, decodeFile)
		case 2:
			return wire.Messages(v, &d.Directories, decodeSubdirectory)
		case 3:
			return wire.Messages(v, &d.Symlinks, decodeSymlink)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, d.check()
}

func (d *Directory) check() error {
	seen := make(map[string]bool, len(d.Files)+len(d.Directories)+len(d.Symlinks))
	check := func(name string) error {
		switch {
		case name == "", name == ".", name == "..", strings.ContainsAny(name, "/\x00"):
			return fmt.Errorf("a directory has something called %q", name)
		case seen[name]:
			return fmt.Errorf("a directory has two things called %q", name)
		}
		seen[name] = true
		return nil
	}
	for _, f := range d.Files {
		if err := check(f.Name); err != nil {
			return err
		}
		if f.Digest.IsZero() {
			return fmt.Errorf("the file %q has no digest", f.Name)
		}
	}
	for _, sub := range d.Directories {
		if err := check(sub.Name); err != nil {
			return err
		}
		if sub.Digest.IsZero() {
			return fmt.Errorf("the directory %q has no digest", sub.Name)
		}
	}
	for _, l := range d.Symlinks {
		if err := check(l.Name); err != nil {
			return err
		}
	}
	return nil
}

func decodeFile(data []byte) (f FileNode, err error) {
	err = wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return v.Text(&f.Name)
		case 2:
			return wire.Message(v, &f.Digest, DecodeDigest)
		case 4:
			return v.Bool(&f.Executable)
		case 6:
			return wire.Message(v, &f.Mode, decodeMode)
		}
		return nil
	})
	return f, err
}

func decodeSubdirectory(data []byte) (d DirectoryNode, err error) {
	err = wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return v.Text(&d.Name)
		case 2:
			return wire.Message(v, &d.Digest, DecodeDigest)
		}
		return nil
	})
	return d, err
}

func decodeSymlink(data []byte) (l SymlinkNode, err error) {
	err = wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return v.Text(&l.Name)
		case 2:
			return v.Text(&l.Target)
		}
		return nil
	})
	return l, err
}

// appendMode writes NodeProperties with a unix_mode, unless mode is 0.
func appendMode(b []byte, num int, mode uint32) []byte {
	if mode == 0 {
		return b
	}
	return wire.AppendMessage(b, num, wire.AppendMessage(nil, 3, wire.AppendInt(nil, 1, int64(mode))))
}

func decodeMode(data []byte) (mode uint32, err error) {
	wrapped := func(data []byte) (mode int64, err error) {
		mode, _, err = wire.DecodeInts(data)
		return mode, err
	}
	err = wire.Fields(data, func(num int, v wire.Value) error {
		if num != 3 {
			return nil
		}
		var wide int64
		err := wire.Message(v, &wide, wrapped)
		mode = uint32(wide) & 0o7777
		return err
	})
	return mode, err
}

// Encode gives the canonical bytes: children are in the order of their digests, and none is there twice.
func (t *Tree) Encode() []byte {
	root := t.Root
	if root == nil {
		root = &Directory{}
	}
	type child struct {
		digest Digest
		data   []byte
	}
	children := make([]child, len(t.Children))
	for i, d := range t.Children {
		data := d.Encode()
		children[i] = child{DigestOf(data), data}
	}
	slices.SortFunc(children, func(a, b child) int { return slices.Compare(a.digest.Hash[:], b.digest.Hash[:]) })
	children = slices.CompactFunc(children, func(a, b child) bool { return a.digest == b.digest })
	b := wire.AppendMessage(nil, 1, root.Encode())
	for _, c := range children {
		b = wire.AppendMessage(b, 2, c.data)
	}
	return b
}

// DecodeTree reads what Encode writes, and what others write in another order.
func DecodeTree(data []byte) (*Tree, error) {
	t := &Tree{Root: &Directory{}, Below: map[Digest]*Directory{}}
	child := func(data []byte) (*Directory, error) {
		d, err := decodeDirectory(data)
		t.Below[DigestOf(data)] = d
		return d, err
	}
	err := wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return wire.Message(v, &t.Root, decodeDirectory)
		case 2:
			return wire.Messages(v, &t.Children, child)
		}
		return nil
	})
	return t, err
}
