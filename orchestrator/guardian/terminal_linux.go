package guardian

import "syscall"

const getModes, setModes = syscall.TCGETS, syscall.TCSETS
