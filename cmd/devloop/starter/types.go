package starter

import "io/fs"

// A Draft is a configuration that nobody has written yet.
type Draft struct {
	Config []byte   // the devloop.yaml, without a first line for editors
	Others []File   // of projects below, which Config includes
	Ignore []string // what git should ignore: lines of a .gitignore
	Notes  []string // what whoever uses it should know, a sentence each
	Lost   []Lost   // what another tool's file says that this language cannot
	From   string   // the other tool's file, "" if there is none
}

// A File is a configuration for a directory below.
type File struct {
	Dir    string // relative, with slashes
	Config []byte // its devloop.yaml, without a first line for editors
}

// Lost is something of another tool's file that has no counterpart.
type Lost struct {
	Line int    // from 1; 0 if it stands at no one place
	What string // such as "`rerun`"
	Why  string // what devloop does in its place
}

// NothingError says that nothing here is known, and what there is further down.
type NothingError struct {
	Below []string // directories that look like projects
}

func (*NothingError) Error() string { return "no project type recognised here" }

// Tools are programs of the project's own that know more than its files tell. A nil one is not
// there.
type Tools struct {
	// Cargo prints what `cargo metadata --no-deps` does in the project's directory. Variables that
	// move the target directory on this machine alone have no effect on it.
	Cargo func() ([]byte, error)

	// Choose asks people which of several they mean, and returns its index. The first is the
	// likeliest, and what is taken where nobody can be asked.
	Choose func(question string, options []string) int
}

// choose asks people, where they can be asked; asked is whether they were.
func (t Tools) choose(question string, options []string) (index int, asked bool) {
	if t.Choose == nil || len(options) < 2 {
		return 0, false
	}
	return t.Choose(question, options), true
}

// A Place is a project's directory in a file system whose directories above it may be read too.
type Place struct {
	Top  fs.FS  // from its root on
	Dir  string // the project's directory in Top, as fs.FS has paths
	Base string // its absolute path, without links, as programs of this machine print it
}
