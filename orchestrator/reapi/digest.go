// Package reapi has the messages of the Remote Execution API v2 (https://github.com/bazelbuild/remote-apis) that name work
// and its results. Encode gives the canonical bytes of a message, whose digest is its name everywhere: in the store on this
// disk, in a cache, at an engine. A Decode function takes bytes from anywhere; it refuses what is no such message, and skips
// fields that are not known here.
package reapi

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"devloop/orchestrator/reapi/wire"
)

// A Digest names a content: its SHA-256, and its size in bytes. The zero value names nothing.
type Digest struct {
	Hash [sha256.Size]byte
	Size int64
}

// DigestOf is the digest of data.
func DigestOf(data []byte) Digest { return Digest{sha256.Sum256(data), int64(len(data))} }

// IsZero is whether d names nothing. The empty content has a digest that is not zero.
func (d Digest) IsZero() bool { return d == Digest{} }

// Hex is the hash in lower-case hexadecimal.
func (d Digest) Hex() string { return hex.EncodeToString(d.Hash[:]) }

// String is HEX/SIZE, as in the names of the API's resources.
func (d Digest) String() string { return d.Hex() + "/" + strconv.FormatInt(d.Size, 10) }

// ParseDigest reads what String writes.
func ParseDigest(text string) (Digest, error) {
	hash, size, _ := strings.Cut(text, "/")
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != size {
		return Digest{}, fmt.Errorf("%q is not HASH/SIZE", text)
	}
	return parseHex(hash, n)
}

// parseHex makes a digest of a hash in lower-case hexadecimal, and a size.
func parseHex(hash string, size int64) (Digest, error) {
	d := Digest{Size: size}
	if len(hash) != 2*len(d.Hash) || strings.ToLower(hash) != hash {
		return Digest{}, fmt.Errorf("%q is not a SHA-256 in lower-case hexadecimal", hash)
	}
	if _, err := hex.Decode(d.Hash[:], []byte(hash)); err != nil {
		return Digest{}, fmt.Errorf("%q is not a SHA-256 in lower-case hexadecimal", hash)
	}
	if size < 0 {
		return Digest{}, errors.New("a size below zero")
	}
	return d, nil
}

// Encode is d as the API's message.
func (d Digest) Encode() []byte { return d.append(nil) }

func (d Digest) append(b []byte) []byte {
	if !d.IsZero() {
		var hash [2 * sha256.Size]byte
		hex.Encode(hash[:], d.Hash[:])
		b = wire.AppendBytes(b, 1, hash[:])
	}
	return wire.AppendInt(b, 2, d.Size)
}

// DecodeDigest reads what Encode writes. A message without a hash is the zero Digest.
func DecodeDigest(data []byte) (Digest, error) {
	var hash string
	var size int64
	err := wire.Fields(data, func(num int, v wire.Value) error {
		switch num {
		case 1:
			return v.Text(&hash)
		case 2:
			return v.Int(&size)
		}
		return nil
	})
	if err != nil || hash == "" && size == 0 {
		return Digest{}, err
	}
	return parseHex(hash, size)
}

// mostEncoded is how long an encoded digest may be: a tag and a length before the hash, a tag before the size.
const mostEncoded = 2 + 2*sha256.Size + 1 + 10

func appendDigest(b []byte, num int, d Digest) []byte {
	if d.IsZero() {
		return b
	}
	return wire.AppendMessage(b, num, d.append(make([]byte, 0, mostEncoded)))
}
