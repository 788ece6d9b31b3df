// Package plainfile opens, reads and asks about files with plain system calls: an os.File costs as much again as reading a
// short file, and there are many. Nothing blocks on a fifo, and the time of the last access stays.
package plainfile

// Kind is what is at a path.
type Kind uint8

// The kinds. Other is a fifo, a socket or a device.
const (
	Other Kind = iota
	Regular
	Directory
	Link
)

// Stat is what the system says of a file. Two that are the same are of the same file, and nobody has written to it between
// them, unless within one step of the file system's clock.
type Stat struct {
	Kind       Kind
	Executable bool // by anybody
	Size       int64
	Modified   int64 // when the content was written last, in nanoseconds since 1970; anybody can set it
	Changed    int64 // the same of anything about the file, which only the system sets; 0 where it is not known
	Dev, Ino   uint64
}
