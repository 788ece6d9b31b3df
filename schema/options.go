package schema

import (
	"io/fs"
	"os"
	"runtime"

	"devloop/schema/smallfile"
)

// Options is what a load takes from the machine. The zero value is the machine itself.
type Options struct {
	LookupEnv func(name string) (string, bool)       // nil: os.LookupEnv
	Stat      func(path string) (fs.FileInfo, error) // nil: os.Stat; asked for directories, triggers and files
	ReadFile  func(path string) ([]byte, error)      // nil: smallfile.Read; for the files that the first one leads to
	CPUs      int                                    // 0: runtime.NumCPU, the default of `jobs`
	Presets   fs.FS                                  // the built-in ones, NAME.yaml at its root; nil: none
}

func (o Options) withDefaults() Options {
	if o.LookupEnv == nil {
		o.LookupEnv = os.LookupEnv
	}
	if o.Stat == nil {
		o.Stat = os.Stat
	}
	if o.ReadFile == nil {
		o.ReadFile = smallfile.Read
	}
	if o.CPUs == 0 {
		o.CPUs = runtime.NumCPU()
	}
	return o
}
