package procgroup

import "os"

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // duplicates: nothing is lost with them
	}
}
