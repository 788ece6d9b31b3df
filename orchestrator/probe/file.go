package probe

import (
	"fmt"
	"os"
	"time"
)

// clockSlack is how far a file's time may lie before since and still count as
// not older. Linux stamps files with the time of the last timer tick, which is
// 10 ms (CONFIG_HZ=100) behind the clock that time.Now reads, and a tick can
// come late on a busy machine.
const clockSlack = 20 * time.Millisecond

// File asks whether a file, directory or socket exists and was not last
// modified before since.
//
// A file system keeps time more coarsely than the clock: a whole second (HFS+,
// ext3, some network mounts) or two (FAT) round a file that was written just
// now down to before since. A modification time without a fraction is
// therefore taken for one of a coarse file system and compared in whole
// seconds, of an even number with FAT's two; any other may lie two ticks of
// the kernel's clock before since. So a file that was written so shortly
// before since can count as new, but one that was written after it does not
// count as old.
func File(path string, since time.Time) error {
	info, err := os.Stat(path)
	if err != nil {
		return err // "stat run/ready: no such file or directory"
	}
	mtime := info.ModTime()
	limit := since.Add(-clockSlack)
	if mtime.Nanosecond() == 0 {
		coarse := int64(1)
		if mtime.Unix()%2 == 0 {
			coarse = 2
		}
		limit = time.Unix(limit.Unix()/coarse*coarse, 0)
	}
	if mtime.Before(limit) {
		return fmt.Errorf("stat %s: last modified %s before the start", path, since.Sub(mtime).Round(time.Millisecond))
	}
	return nil
}
