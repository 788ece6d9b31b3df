package listenfd

// Listener is a socket that some process listens on.
type Listener struct {
	PID     int // of those asked about, the first that has it
	Network Network
	Addr    string // "127.0.0.1:3000", or the path
}
