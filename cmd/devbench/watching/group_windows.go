package watching

import "os/exec"

// Nothing is started on this system: see supported.
func ownGroup(*exec.Cmd) {}
func endGroup(int)       {}
func killGroup(int)      {}
