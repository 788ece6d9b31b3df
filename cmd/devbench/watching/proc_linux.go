package watching

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// family is the process pid, its descendants and the members of its process group.
func family(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	parents, members := map[int]int{}, map[int]bool{pid: true}
	for _, e := range entries {
		one, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		if err != nil {
			continue // it has ended
		}
		parent, group, err := parseStat(string(text))
		if err != nil {
			return nil, err
		}
		parents[one] = parent
		if group == pid {
			members[one] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for one, parent := range parents {
			if members[parent] && !members[one] {
				members[one], grown = true, true
			}
		}
	}
	var all []int
	for one := range members {
		all = append(all, one)
	}
	return all, nil
}

// eachWatching calls f with the fdinfo of every inotify descriptor of a process.
func eachWatching(pid int, f func(fdinfo string)) error {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list descriptors: %w", err)
	}
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(dir, e.Name())); err != nil || target != "anon_inode:inotify" {
			continue
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%s", pid, e.Name()))
		if err != nil {
			return fmt.Errorf("read watches: %w", err)
		}
		f(string(text))
	}
	return nil
}

// vitalsOf measures the family of pid.
func vitalsOf(pid int) (vitals, error) {
	all, err := family(pid)
	if err != nil {
		return vitals{}, err
	}
	var v vitals
	for _, one := range all {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", one))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended
		}
		if err != nil {
			return vitals{}, fmt.Errorf("read memory: %w", err)
		}
		kib, err := parsePss(string(text))
		if err != nil {
			return vitals{}, err
		}
		v.pss += kib
		err = eachWatching(one, func(fdinfo string) {
			count, _, _ := parseWatches(fdinfo)
			v.watches += count
		})
		if err != nil {
			return vitals{}, err
		}
	}
	return v, nil
}

// lastWatched is the inode that the family of pid has watched last.
func lastWatched(pid int) (uint64, error) {
	all, err := family(pid)
	if err != nil {
		return 0, err
	}
	var newest int
	var inode uint64
	for _, one := range all {
		err := eachWatching(one, func(fdinfo string) {
			if _, wd, ino := parseWatches(fdinfo); wd > newest {
				newest, inode = wd, ino
			}
		})
		if err != nil {
			return 0, err
		}
	}
	if newest == 0 {
		return 0, errors.New("it watches nothing with inotify")
	}
	return inode, nil
}

// effortOf adds up every thread of the family of pid.
func effortOf(pid int) (effort, error) {
	all, err := family(pid)
	if err != nil {
		return effort{}, err
	}
	var sum effort
	for _, one := range all {
		stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", one))
		if err != nil {
			return effort{}, err
		}
		for _, path := range stats {
			text, err := os.ReadFile(path)
			if err != nil {
				continue // it has ended
			}
			e, err := parseSchedstat(string(text))
			if err != nil {
				return effort{}, err
			}
			sum.cpu += e.cpu
			sum.switches += e.switches
		}
	}
	return sum, nil
}

// inodeOf is the inode of a path, 0 if there is nothing.
func inodeOf(path string) uint64 {
	info, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	return info.Sys().(*syscall.Stat_t).Ino
}
