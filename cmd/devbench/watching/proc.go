package watching

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// vitals are what a tool holds: its whole process tree.
type vitals struct {
	pss     int64 // KiB
	watches int   // of inotify
}

// effort is what a tool has used since it started: its whole process tree.
type effort struct {
	cpu      time.Duration // in user and in system mode
	switches int64         // how often one of its threads was given a CPU
}

// parsePss reads the proportional set size, in KiB, from a smaps_rollup (proc(5)).
func parsePss(text string) (int64, error) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read Pss: %w", err)
			}
			return kib, nil
		}
	}
	return 0, fmt.Errorf("read Pss: no such line in %q", text)
}

// parseWatches counts the watches in the fdinfo of an inotify descriptor, and
// tells the inode of the one that was added last: watch descriptors count up
// (proc(5), "inotify wd:").
func parseWatches(text string) (count int, newest int, inode uint64) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		var wd int
		var ino uint64
		// The kernel writes the watch descriptor and the inode in hexadecimal.
		if n, _ := fmt.Sscanf(lines.Text(), "inotify wd:%x ino:%x", &wd, &ino); n == 2 {
			count++
			if wd >= newest {
				newest, inode = wd, ino
			}
		}
	}
	return count, newest, inode
}

// parseStat reads the parent and the process group from /proc/PID/stat. The
// name in it may hold spaces and parentheses: the last one ends it.
func parseStat(text string) (parent, group int, err error) {
	_, rest, ok := strings.Cut(text[max(0, strings.LastIndex(text, ")")):], ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 3 {
		return 0, 0, fmt.Errorf("read stat: %q has too few fields", text)
	}
	if parent, err = strconv.Atoi(fields[1]); err != nil {
		return 0, 0, fmt.Errorf("read stat: %w", err)
	}
	if group, err = strconv.Atoi(fields[2]); err != nil {
		return 0, 0, fmt.Errorf("read stat: %w", err)
	}
	return parent, group, nil
}

// parseSchedstat reads the time on a CPU and how often it was given, from
// /proc/PID/task/TID/schedstat: nanoseconds on, nanoseconds waiting, slices.
func parseSchedstat(text string) (effort, error) {
	var on, waiting, slices int64
	if n, err := fmt.Sscan(text, &on, &waiting, &slices); n != 3 {
		return effort{}, fmt.Errorf("read schedstat %q: %w", text, err)
	}
	return effort{time.Duration(on), slices}, nil
}
