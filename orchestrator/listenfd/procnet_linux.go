package listenfd

import (
	"bufio"
	"encoding/binary"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// The tables of sockets in /proc/net, see proc_pid_net(5). They show bound UDP sockets, and TCP sockets that
// listen or are connected; a TCP socket that is only bound is in none.

// States of the tables.
const (
	stateEstablished = 0x01
	stateUnconnected = 0x07 // of a UDP socket
	stateListen      = 0x0A
	flagAcceptsUnix  = 0x10000 // __SO_ACCEPTCON
)

// inetEntry is a line of /proc/net/tcp, tcp6, udp or udp6.
type inetEntry struct {
	local, remote netip.AddrPort
	state         uint64
	uid           int
	inode         uint64 // 0 while no process has the socket: in the queue, or being closed
}

// inetFiles are the tables of a network, both families.
func inetFiles(network Network) []string {
	return []string{"/proc/net/" + string(network), "/proc/net/" + string(network) + "6"}
}

// readInet passes the lines of a table to yield until it returns false. A system without IPv6 has no table
// for it.
func readInet(file string, yield func(inetEntry) bool) error {
	return readTable(file, func(line string) bool {
		// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
		f := strings.Fields(line)
		if len(f) < 10 {
			return true
		}
		var e inetEntry
		var err error
		if e.local, err = hexAddrPort(f[1]); err != nil {
			return true
		}
		if e.remote, err = hexAddrPort(f[2]); err != nil {
			return true
		}
		e.state, _ = strconv.ParseUint(f[3], 16, 8)
		e.uid, _ = strconv.Atoi(f[7])
		e.inode, _ = strconv.ParseUint(f[9], 10, 64)
		return yield(e)
	})
}

// unixEntry is a line of /proc/net/unix that has a path.
type unixEntry struct {
	path    string
	accepts bool
	inode   uint64
}

func readUnix(yield func(unixEntry) bool) error {
	return readTable("/proc/net/unix", func(line string) bool {
		// Num: RefCount Protocol Flags Type St Inode Path; the path may contain blanks
		f := strings.Fields(line)
		if len(f) < 8 {
			return true
		}
		flags, _ := strconv.ParseUint(f[3], 16, 32)
		inode, _ := strconv.ParseUint(f[6], 10, 64)
		_, rest, _ := strings.Cut(line, " "+f[6]+" ")
		return yield(unixEntry{path: rest, accepts: flags&flagAcceptsUnix != 0, inode: inode})
	})
}

// readTable passes the lines after the first, a heading, to yield.
func readTable(file string, yield func(line string) bool) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan()
	for lines.Scan() {
		if !yield(lines.Text()) {
			return nil
		}
	}
	return lines.Err()
}

// hexAddrPort reads "0100007F:0BB8": the words of the address as the machine stores them, the port in plain
// hexadecimal.
func hexAddrPort(text string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(text, ":")
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	var raw []byte
	for ; len(host) >= 8; host = host[8:] {
		word, err := strconv.ParseUint(host[:8], 16, 32)
		if err != nil {
			return netip.AddrPort{}, err
		}
		raw = binary.NativeEndian.AppendUint32(raw, uint32(word))
	}
	ip, ok := netip.AddrFromSlice(raw)
	if !ok || host != "" {
		return netip.AddrPort{}, strconv.ErrSyntax
	}
	return netip.AddrPortFrom(ip, uint16(p)), nil
}

// connectionTaken tells whether a process has accepted the connection whose server side is local: a
// connection that waits in the queue has no inode.
func connectionTaken(local, remote netip.AddrPort) (taken bool, err error) {
	file := inetFiles(TCP)[0]
	if local.Addr().Is6() {
		file = inetFiles(TCP)[1]
	}
	plain := func(ap netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(ap.Addr().WithZone(""), ap.Port()) }
	local, remote = plain(local), plain(remote)
	err = readInet(file, func(e inetEntry) bool {
		if e.local == local && e.remote == remote {
			taken = e.inode != 0
			return false
		}
		return true
	})
	if err != nil {
		return false, ErrUnsupported // no /proc
	}
	return taken, nil
}
