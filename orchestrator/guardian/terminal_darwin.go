package guardian

import "syscall"

const getModes, setModes = syscall.TIOCGETA, syscall.TIOCSETA
