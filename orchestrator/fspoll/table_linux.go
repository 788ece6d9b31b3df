package fspoll

import (
	"maps"
	"os"
	"slices"
	"time"
)

// MountTable is the system's table of mounts, as it changes.
type MountTable struct {
	file *os.File      // only waited for: who waits keeps others from reading it
	wake chan struct{} // holds an element when the table may have changed
	done chan struct{} // closed when nobody waits for changes any more
	stop chan struct{}

	known map[string]string // the numbers of what is mounted, by its place
}

const mountInfo = "/proc/self/mountinfo"

// mountPause is how long a change of the table is left alone after another one: containers that start change it often.
const mountPause = 100 * time.Millisecond

// OpenMountTable begins to watch the table. Its error is [errors.ErrUnsupported] where the system does not tell of
// mounts. The caller closes it.
func OpenMountTable() (*MountTable, error) {
	f, err := os.Open(mountInfo)
	if err != nil {
		return nil, err
	}
	t := &MountTable{file: f, wake: make(chan struct{}, 1), done: make(chan struct{}), stop: make(chan struct{})}
	if t.known, err = readTable(); err != nil {
		_ = f.Close() // only read from
		return nil, err
	}
	go t.watch()
	return t, nil
}

// watch waits for changes, of which poll(2) tells with POLLERR (proc_pid_mountinfo(5)): the runtime's poller wakes up for
// that too.
func (t *MountTable) watch() {
	defer close(t.done)
	raw, err := t.file.SyscallConn()
	if err != nil {
		return
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	// One Read all the time: the beginning of another would forget what has come meanwhile. It ends with the file.
	_ = raw.Read(func(uintptr) bool {
		select {
		case t.wake <- struct{}{}:
		default:
		}
		pause.Reset(mountPause)
		select {
		case <-pause.C:
			return false
		case <-t.stop:
			return true
		}
	})
}

// Wake holds an element when Take may have something.
func (t *MountTable) Wake() <-chan struct{} {
	if t == nil {
		return nil
	}
	return t.wake
}

// Take lists the places where something has been mounted or unmounted since the last call, sorted; not those where
// it is as it was: the kernel may give the numbers of one to the next that comes at once. It is not to be called by two
// goroutines at once.
func (t *MountTable) Take() []string {
	now, err := readTable()
	if err != nil {
		return nil
	}
	changed := map[string]bool{}
	for at, id := range now {
		if t.known[at] != id {
			changed[at] = true
		}
	}
	for at := range t.known {
		if now[at] == "" {
			changed[at] = true
		}
	}
	t.known = now
	return slices.Sorted(maps.Keys(changed))
}

func readTable() (map[string]string, error) {
	f, err := os.Open(mountInfo)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all := map[string]string{}
	err = eachMount(f, func(m mount) {
		all[m.at] += m.id + " " + m.device + "\n" // one may cover another
	})
	return all, err
}

// Close ends it.
func (t *MountTable) Close() error {
	close(t.stop)
	err := t.file.Close()
	<-t.done
	return err
}
