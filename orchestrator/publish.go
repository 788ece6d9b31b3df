package orchestrator

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"devloop/orchestrator/diskqueue"
)

// errHung: a file system has not answered for long enough.
var errHung = errors.New("the file system does not respond")

// publish touches files in another goroutine, and then reports which one could not be touched, if any. That
// goroutine also calls touched for each.
func publish(disk *diskqueue.Queue, paths []string, touched func(path string), then func(path string, err error)) {
	errs := make([]error, len(paths))
	disk.Add(diskqueue.Job{
		Paths: paths,
		Do: func(i int) {
			if errs[i] = touchFile(paths[i]); errs[i] == nil {
				touched(paths[i])
			}
		},
		Done: func(hung []bool) {
			for i, path := range paths {
				err := errs[i]
				if hung != nil && hung[i] {
					err = errHung
				}
				if err != nil {
					then(path, reasonOf(err))
					return
				}
			}
			then("", nil)
		},
	})
}

// reasonOf is the system's error without the name of the call.
func reasonOf(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// touchFile sets the file's times to now, and creates it if necessary.
func touchFile(path string) error {
	now := time.Now()
	err := os.Chtimes(path, now, now)
	if !os.IsNotExist(err) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}
