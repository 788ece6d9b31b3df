package contents

import (
	"io/fs"
	"time"
)

// changeTime is when the file last changed in any way. Unlike the modification
// time nobody can set it back.
func changeTime(info fs.FileInfo) time.Time { return time.Unix(sys(info).Ctim.Unix()) }
