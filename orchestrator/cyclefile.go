package orchestrator

import (
	"errors"

	"devloop/orchestrator/control"
	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/linefile"
	"devloop/orchestrator/report"
)

// cycleFile is the file of the project's cycles. The loop does not need it.
type cycleFile struct {
	disk *diskqueue.Queue
	path string // "": there is none
	err  error  // of the last try
}

// read reads it.
func (f *cycleFile) read(then func(*report.Past)) {
	var past *report.Past
	f.do(func() error {
		lines, err := linefile.Read(f.path)
		past = report.ReadPast(lines)
		return err
	}, func() { then(past) })
}

// add adds a cycle.
func (f *cycleFile) add(cycle []byte) {
	f.do(func() error { return linefile.Append(f.path, cycle, report.MostKept) }, func() {})
}

// do does something with the file beside the loop, and notes how that went.
func (f *cycleFile) do(what func() error, then func()) {
	if f.path == "" {
		return
	}
	var err error // of another goroutine, until it is done
	f.disk.Add(diskqueue.Job{Paths: []string{f.path}, Do: func(int) { err = what() }, Done: func(hung []bool) {
		if hung != nil {
			f.err = errHangsThere
			return
		}
		if f.err = err; err == nil {
			then()
		}
	}})
}

var errHangsThere = errors.New("the file system does not respond")

// status tells of it; nil if there is none.
func (f *cycleFile) status() *control.History {
	if f.path == "" {
		return nil
	}
	s := &control.History{File: f.path}
	if f.err != nil {
		s.Error = f.err.Error()
	}
	return s
}
