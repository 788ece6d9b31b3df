//go:build !linux

package listenfd

import "net/netip"

// Without /proc only a command can find the holder, which the hint names.

func inetHolder(Network, netip.AddrPort) Holder { return Holder{UID: -1} }

func listenerInode(netip.AddrPort) uint64 { return 0 }

func pathHolder(string) Holder { return Holder{UID: -1} }

func peerHolder(int) Holder { return Holder{UID: -1} }

func connectionTaken(_, _ netip.AddrPort) (bool, error) { return false, ErrUnsupported }
