package inputs

import (
	"strings"

	"devloop/orchestrator/reapi"
)

// Root is the snapshot as a Merkle tree: the digest of its root, and all its directories as encoded messages. What lies
// outside of the snapshot's directory is in a directory called "..", which no engine takes, but the key of a result on this
// machine may have.
func (s *Snapshot) Root() (root reapi.Digest, directories map[reapi.Digest][]byte) {
	directories = map[reapi.Digest][]byte{}
	root, _ = tree(s.Files, 0, directories)
	return root, directories
}

// tree is the directory of those first files whose paths have the same beginning as the first, of length at, and the rest.
func tree(files []File, at int, directories map[reapi.Digest][]byte) (reapi.Digest, []File) {
	var dir reapi.Directory
	prefix := ""
	if at > 0 {
		prefix = files[0].Path[:at]
	}
	for len(files) > 0 && strings.HasPrefix(files[0].Path, prefix) {
		f := &files[0]
		name, _, below := strings.Cut(f.Path[at:], "/")
		if below {
			var sub reapi.Digest
			sub, files = tree(files, at+len(name)+1, directories)
			dir.Directories = append(dir.Directories, reapi.DirectoryNode{Name: name, Digest: sub})
			continue
		}
		if f.Link != "" {
			dir.Symlinks = append(dir.Symlinks, reapi.SymlinkNode{Name: name, Target: f.Link})
		} else {
			dir.Files = append(dir.Files, reapi.FileNode{Name: name, Digest: f.Digest, Executable: f.Executable})
		}
		files = files[1:]
	}
	data := dir.Encode()
	digest := reapi.DigestOf(data)
	directories[digest] = data
	return digest, files
}
