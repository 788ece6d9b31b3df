package main

import (
	"bytes"
	"os"
	"strconv"
)

// wipe writes zeros over what /proc/PID/environ shows: fields 50 and 51 of proc_pid_stat(5) say where that is.
func wipe() error {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return err
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // from the third on
	from, err := strconv.ParseInt(string(fields[50-3]), 10, 64)
	if err != nil {
		return err
	}
	to, err := strconv.ParseInt(string(fields[51-3]), 10, 64)
	if err != nil {
		return err
	}
	mem, err := os.OpenFile("/proc/self/mem", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer mem.Close()
	_, err = mem.WriteAt(make([]byte, to-from), from)
	return err
}
