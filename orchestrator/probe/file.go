package probe

import (
	"fmt"
	"os"
)

// A Mark is what a file, directory or socket was at a moment. It is compared, and
// no clock is asked: clocks jump, and file systems keep time more coarsely.
type Mark struct {
	path string
	info os.FileInfo // nil: it was not there
}

// MarkFile takes the mark of a path.
func MarkFile(path string) Mark {
	m := Mark{path: path}
	if info, err := os.Stat(path); err == nil {
		m.info = info
	}
	return m
}

// Changed asks whether what is at the path now is another file than the marked one,
// or has another modification time or size. Where a file system keeps time in whole
// seconds (HFS+, ext3, some network mounts) or in two (FAT), a file that is written
// again within them, in place and to the same size, is not told from before.
func (m Mark) Changed() error {
	info, err := os.Stat(m.path)
	switch {
	case err != nil:
		return err // "stat run/ready: no such file or directory"
	case m.info == nil, !os.SameFile(m.info, info), !m.info.ModTime().Equal(info.ModTime()), m.info.Size() != info.Size():
		return nil
	}
	return fmt.Errorf("stat %s: the file of before the start", m.path)
}
