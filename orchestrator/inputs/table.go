package inputs

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/plainfile"
)

// identity is what the system says of a file, in short: device, inode, size and times. A file of another identity may hold
// something else; one of the same holds the same, if it was settled.
type identity [16]byte

func identify(all ...plainfile.Stat) (is identity) {
	var b [80]byte
	for i, at := range all {
		for j, n := range [...]uint64{at.Dev, at.Ino, uint64(at.Size), uint64(at.Modified), uint64(at.Changed)} {
			binary.LittleEndian.PutUint64(b[40*i+8*j:], n)
		}
	}
	sum := sha256.Sum256(b[:40*len(all)])
	return identity(sum[:])
}

// Table knows what files held when they were read last, by their identity, whatever their paths are. It takes some 70 bytes a
// file. It is safe for concurrent use.
type Table struct {
	clock func() time.Time

	mu    sync.Mutex      // guards all below; never held during a system call
	slots []entry         // open addressing: see slot
	count int             // how many are not empty
	fresh int             // how many there are that Save has not written
	local map[uint64]bool // devices of file systems that only this kernel writes to, and others
}

// entry is 52 bytes without pointers: the garbage collector does not walk it.
type entry struct {
	is   identity
	sum  [sha256.Size]byte
	used uint32 // when last, in seconds since 1970; 0 is an empty slot
}

// Entries that were not used for idle make room for others before the table grows; those of files that are there are used
// each time. It has never more than most.
const (
	idle = 10 * 60 // seconds
	most = 1 << 20
)

// NewTable makes an empty table.
func NewTable() *Table { return &Table{clock: time.Now, local: map[uint64]bool{}} }

// Known is the SHA-256 of a file of which the system says this, if that is certain.
func (t *Table) Known(at plainfile.Stat) (sum [sha256.Size]byte, ok bool) {
	is, now := identify(at), seconds(t.clock())
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.slot(is)
	if e == nil || e.used == 0 {
		return sum, false
	}
	e.used = max(e.used, now)
	return e.sum, true
}

// Note is told of a file that was read whole and did not change meanwhile, and when the reading began.
func (t *Table) Note(at plainfile.Stat, began time.Time, sum [sha256.Size]byte) {
	e := entry{identify(at), sum, seconds(t.clock())}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ageOf(at, began) == settled && t.put(e) {
		t.fresh++
	}
}

// seconds is never 0, and lasts until 2106.
func seconds(at time.Time) uint32 { return uint32(max(1, at.Unix())) }

// slot is where an entry is, or the empty slot where it belongs; nil if the table has no slots.
func (t *Table) slot(is identity) *entry {
	if len(t.slots) == 0 {
		return nil
	}
	home, _ := bits.Mul64(binary.LittleEndian.Uint64(is[:]), uint64(len(t.slots)))
	for i := int(home); ; i++ {
		if i == len(t.slots) {
			i = 0
		}
		if e := &t.slots[i]; e.used == 0 || e.is == is {
			return e
		}
	}
}

// put adds an entry; false if it is there already.
func (t *Table) put(add entry) bool {
	if t.count >= min(len(t.slots)*7/8, most) {
		t.makeRoom(add.used)
	}
	e := t.slot(add.is)
	if e.used != 0 && e.sum == add.sum {
		e.used = max(e.used, add.used)
		return false
	}
	if e.used == 0 {
		t.count++
	}
	*e = add
	return true
}

func (t *Table) makeRoom(now uint32) {
	old, since := t.slots, uint32(0)
	if now > idle {
		since = now - idle
	}
	idling := 0
	for i := range old {
		if old[i].used != 0 && old[i].used < since {
			idling++
		}
	}
	size := min(max(64, len(old)*3/2), most*8/7+8)
	switch {
	case idling > t.count/4:
		size = len(old)
	case t.count >= most:
		since, size = t.median(), len(old)
	default:
		since = 0
	}
	t.slots, t.count = make([]entry, size), 0
	for i := range old {
		if old[i].used != 0 && old[i].used >= since {
			*t.slot(old[i].is) = old[i]
			t.count++
		}
	}
}

// median is a time after which at most half of the entries were used.
func (t *Table) median() uint32 {
	used := make([]uint32, len(t.slots))
	for i := range t.slots {
		used[i] = t.slots[i].used
	}
	slices.Sort(used)
	return used[len(used)/2] + 1
}

// newDevices forgets which file system has which number: another one may have it after something was mounted.
func (t *Table) newDevices() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.local)
}

// isLocal is whether a file is on a file system that only this kernel writes to.
func (t *Table) isLocal(path string, dev uint64) bool {
	t.mu.Lock()
	local, known := t.local[dev]
	t.mu.Unlock()
	if !known {
		local = fspoll.Remote(filepath.Dir(path)) == ""
		t.mu.Lock()
		t.local[dev] = local
		t.mu.Unlock()
	}
	return local
}

// age is how much what the system says of a file tells about later.
type age uint8

const (
	settled age = iota // who writes to it is noticed
	young              // it may be written to still, by who began before it was read
	fresh              // it may have been written to again, with the same time
	coarse             // the same, where times have steps of a second: nobody can know
)

// longestStep is the longest step of the clocks that systems take the times of files from. Some file systems have steps of a
// second, or two: their times are whole seconds.
const longestStep = 10 * time.Millisecond

// Who writes to a file sets its time first, and then the content, which may take as long as writing. Clocks of other machines
// may be wrong by coarseStep, and it is longer than any step.
const (
	writing    = 250 * time.Millisecond
	coarseStep = 3 * time.Second
)

// ageOf is the age of a file when somebody began to read it. mu is held.
func (t *Table) ageOf(at plainfile.Stat, began time.Time) age {
	since := time.Duration(began.UnixNano() - at.Changed)
	local := t.local[at.Dev]
	switch {
	case at.Changed == 0: // not known here
		return young
	case at.Changed%int64(time.Second) == 0 && since < coarseStep:
		return coarse
	case !local && since < coarseStep, since < longestStep:
		return fresh
	case since < writing:
		return young
	}
	return settled
}

// nextStep is when the clock that a file's time is from has another time, in nanoseconds since 1970. It may be the clock of
// another machine.
func (t *Table) nextStep(at plainfile.Stat) int64 {
	t.mu.Lock()
	local := t.local[at.Dev]
	t.mu.Unlock()
	if local {
		return at.Changed + int64(clockStep())
	}
	return t.clock().Add(longestStep).UnixNano()
}
