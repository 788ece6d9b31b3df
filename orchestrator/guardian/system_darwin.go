package guardian

import "golang.org/x/sys/unix"

// bootID changes with every start of the system.
func bootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil || id == "" {
		return "-"
	}
	return id
}

// pidSpace is constant: the system has only one.
func pidSpace() string { return "-" }

const descriptors = "/dev/fd"

func setName(string) {} // the system takes it from the program

func descriptorFlags(fd int) (int, bool) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return flags, err == nil
}
