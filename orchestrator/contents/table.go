package contents

import "math/bits"

// table maps 64-bit keys to 47-bit values in 12 bytes an entry, where a Go map
// takes 20 to 40: a large tree has hundreds of thousands of files. Of a key 56
// bits are kept. Two keys that agree in these share an entry, so a value must
// tell by itself whose it is.
//
// It holds no pointers, which spares the garbage collector the walk.
type table struct {
	shards [1 << shardBits]shard
	absent int // how many values say that a file is gone
}

// A shard is an open-addressed table of its own, so that growing copies a
// small part and wastes little.
type shard struct {
	slots []slot
	used  int
}

const shardBits = 8

// slot holds 48 bits of a key and 48 of a value; a value of 0 is an empty slot.
type slot struct {
	home     uint32 // the key's first 32 bits after those that choose the shard
	key, low uint16 // the key's next 16 bits; the value's last 16
	high     uint32 // the value's first 32
}

func (s *slot) value() uint64 { return uint64(s.high)<<16 | uint64(s.low) }

func (s *slot) set(value uint64) { s.high, s.low = uint32(value>>16), uint16(value) }

// cut takes a key apart.
func cut(key uint64) (shard uint8, home uint32, rest uint16) {
	return uint8(key >> 56), uint32(key >> 24), uint16(key >> 8)
}

// at is where the search for home begins: in the order of the keys, whatever
// the size is.
func (s *shard) at(home uint32) int {
	high, _ := bits.Mul32(home, uint32(len(s.slots)))
	return int(high)
}

// find is the slot of a key, or the empty one where it belongs. There is
// always an empty one, unless the shard has no slots: then it is nil.
func (s *shard) find(home uint32, rest uint16) *slot {
	if len(s.slots) == 0 {
		return nil
	}
	for i := s.at(home); ; i++ {
		if i == len(s.slots) {
			i = 0
		}
		slot := &s.slots[i]
		if slot.value() == 0 || slot.home == home && slot.key == rest {
			return slot
		}
	}
}

// get is the value of a key; 0 if there is none.
func (t *table) get(key uint64) uint64 {
	n, home, rest := cut(key)
	if slot := t.shards[n].find(home, rest); slot != nil {
		return slot.value()
	}
	return 0
}

// put sets the value of a key; it is not 0.
func (t *table) put(key, value uint64) {
	n, home, rest := cut(key)
	s := &t.shards[n]
	if s.used+1 > len(s.slots)*7/8 {
		s.resize(max(8, len(s.slots)*3/2))
	}
	slot := s.find(home, rest)
	if slot.value() == 0 {
		slot.home, slot.key = home, rest
		s.used++
	}
	if isAbsent(slot.value()) {
		t.absent--
	}
	if isAbsent(value) {
		t.absent++
	}
	slot.set(value)
}

// resize moves all entries to new slots; size is more than there are.
func (s *shard) resize(size int) { s.move(make([]slot, size)) }

func (s *shard) move(slots []slot) {
	old := s.slots
	s.slots = slots
	for i := range old {
		if old[i].value() != 0 {
			*s.find(old[i].home, old[i].key) = old[i]
		}
	}
}

// fit gives back the room that growing was ahead of, and puts all shards into
// one piece of memory: hundreds of pieces of about a size leave gaps.
func (t *table) fit() {
	sum := 0
	for i := range t.shards {
		sum += t.shards[i].fitting()
	}
	all := make([]slot, sum)
	for i := range t.shards {
		size := t.shards[i].fitting()
		t.shards[i].move(all[:size:size])
		all = all[size:]
	}
}

// fitting is the least size for the entries that the shard has.
func (s *shard) fitting() int { return s.used*8/7 + 2 }

// dropAbsent forgets the files that are gone.
func (t *table) dropAbsent() {
	t.absent = 0
	for i := range t.shards {
		s := &t.shards[i]
		for j := range s.slots {
			if isAbsent(s.slots[j].value()) {
				s.slots[j] = slot{}
				s.used--
			}
		}
		s.resize(s.fitting()) // so that what is left is found again
	}
}
