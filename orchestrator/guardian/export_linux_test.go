package guardian

var (
	ParseStat   = parseStat
	ReadEnviron = readEnviron
)

// ProcessOf is a line of the table; what says who it is: d for dead, t for stopped, D for stuck, k for the kernel's, b for
// begun, f for a terminal with group 15 in its foreground.
func ProcessOf(pid, parent, group, session int, start uint64, what string) process {
	p := process{pid: pid, parent: parent, group: group, session: session, start: start}
	if pid != 0 {
		p.front = -1
	}
	for _, c := range what {
		switch c {
		case 'f':
			p.front = 15
		case 'd':
			p.dead = true
		case 't':
			p.stopped = true
		case 'D':
			p.stuck = true
		case 'k':
			p.kernel = true
		case 'b':
			p.begun = true
		}
	}
	return p
}
