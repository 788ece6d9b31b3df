package doctor

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Limits tells whether the kernel's limits leave room for what is needed.
func (s System) Limits(need Need) []Finding {
	return append(s.inotify(need), s.openFiles())
}

// ListenQueue tells how many connections may wait in a listening socket.
func (s System) ListenQueue() Finding {
	const name = "net.core.somaxconn"
	limit, err := s.sysctl(name)
	if err != nil {
		return Finding{Mark: Note, About: "listen queue", Text: err.Error()}
	}
	return backlog(name, limit)
}

func (s System) openFiles() Finding {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return Finding{Mark: Note, About: "open files", Text: fmt.Sprintf("ask for the limit: %v", err)}
	}
	return openFiles(limit.Cur, 0) // inotify takes one for everything
}

// inotify judges the limits of inotify(7). They are of a user, over all of the
// user's programs.
func (s System) inotify(need Need) []Finding {
	watches, instances := s.inotifyUse()
	list := []Finding{
		s.room("inotify watches", s.lower("fs.inotify.max_user_watches", "user.max_inotify_watches"), watches, need.Directories, 524288),
		s.room("inotify instances", s.lower("fs.inotify.max_user_instances", "user.max_inotify_instances"), instances, need.Watchers, 512),
	}
	const queue, usual = "fs.inotify.max_queued_events", 16384
	f := Finding{Mark: OK, About: "inotify queue"}
	switch limit, err := s.sysctl(queue); {
	case err != nil:
		f.Mark, f.Text = Note, err.Error()
	default:
		f.Text = fmt.Sprintf("%s is %d", queue, limit)
		if limit < usual {
			f.Mark = Note
			f.Text += fmt.Sprintf(" (usually %d): after a larger burst of events everything is scanned again", usual)
		}
	}
	return append(list, f)
}

// lower names the lower one of a limit and that of the user namespace.
func (s System) lower(name, ofNamespace string) string {
	if own, err := s.sysctl(ofNamespace); err == nil {
		if limit, err := s.sysctl(name); err != nil || own < limit {
			return ofNamespace
		}
	}
	return name
}

// room judges one limit: whether what is in use and what is needed fit, with
// a tenth to spare.
func (s System) room(about, name string, used, need, least int) Finding {
	limit, err := s.sysctl(name)
	if err != nil {
		return Finding{Mark: Note, About: about, Text: err.Error()}
	}
	f := Finding{Mark: OK, About: about, Text: fmt.Sprintf("%s is %d; this user's programs hold about %d", name, limit, used)}
	if need > 0 {
		f.Text += fmt.Sprintf(", this project needs %d more", need)
	}
	if used+need > limit-limit/10 {
		f.Mark = Warn
		f.Hint = fmt.Sprintf("sudo sysctl %s=%d; a line in a file of /etc/sysctl.d keeps it", name, max(least, 2*limit, 2*(used+need)))
	}
	return f
}

func (s System) sysctl(name string) (int, error) {
	text, err := os.ReadFile(filepath.Join(s.proc(), "sys", strings.ReplaceAll(name, ".", "/")))
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", name, err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", name, err)
	}
	return n, nil
}

// inotifyUse counts what this user's programs hold, as far as they can be
// looked at: proc(5) has a line "inotify wd:…" a watch in /proc/PID/fdinfo/FD.
func (s System) inotifyUse() (watches, instances int) {
	fds, _ := filepath.Glob(filepath.Join(s.proc(), "[0-9]*", "fd", "*"))
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err != nil || target != "anon_inode:inotify" && target != "inotify" {
			continue
		}
		process := filepath.Dir(filepath.Dir(fd))
		info, err := os.Stat(process)
		if err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != os.Getuid() {
			continue
		}
		instances++
		text, _ := os.ReadFile(filepath.Join(process, "fdinfo", filepath.Base(fd)))
		watches += bytes.Count(text, []byte("inotify wd:"))
	}
	return watches, instances
}
