// Package wire reads and writes the fields of protocol buffers. It is small because it needs no descriptions of messages,
// and does nothing when the program starts: google.golang.org/protobuf reads the program's own file then.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// How a field is written.
const (
	kindVarint  = 0
	kindFixed64 = 1
	kindBytes   = 2
	kindFixed32 = 5
)

const mostNumber = 1<<29 - 1 // of a field

// A Value is a field of a message that is being read.
type Value struct {
	kind   uint64
	data   []byte // of a string, bytes or a message; a part of what is read
	number uint64 // of an integer or a bool
}

var (
	errBytes = errors.New("not a message of protocol buffers")
	errKind  = errors.New("of another type")
)

// Fields calls do with each field of a message, in the order in which they are written.
func Fields(msg []byte, do func(num int, v Value) error) error {
	for len(msg) > 0 {
		tag, n := binary.Uvarint(msg)
		num := tag >> 3
		if n <= 0 || num == 0 || num > mostNumber {
			return errBytes
		}
		msg = msg[n:]
		v := Value{kind: tag & 7}
		switch v.kind {
		case kindVarint:
			v.number, n = binary.Uvarint(msg)
		case kindFixed64:
			n = 8
		case kindFixed32:
			n = 4
		case kindBytes:
			var size uint64
			if size, n = binary.Uvarint(msg); n > 0 && size <= uint64(len(msg)-n) {
				v.data = msg[n : n+int(size)]
				n += int(size)
			} else {
				n = 0
			}
		default: // groups are of older versions
			return errBytes
		}
		if n <= 0 || n > len(msg) {
			return errBytes
		}
		msg = msg[n:]
		if err := do(int(num), v); err != nil {
			return fmt.Errorf("field %d: %w", num, err)
		}
	}
	return nil
}

// Text reads a string.
func (v Value) Text(to *string) error {
	if v.kind != kindBytes {
		return errKind
	}
	*to = string(v.data)
	return nil
}

// Bytes reads bytes, as a copy.
func (v Value) Bytes(to *[]byte) error {
	if v.kind != kindBytes {
		return errKind
	}
	*to = append([]byte(nil), v.data...)
	return nil
}

// Int reads an integer of type int32, int64, uint32 or uint64, or an enum.
func (v Value) Int(to *int64) error {
	if v.kind != kindVarint {
		return errKind
	}
	*to = int64(v.number)
	return nil
}

// Bool reads a bool.
func (v Value) Bool(to *bool) error {
	if v.kind != kindVarint {
		return errKind
	}
	*to = v.number != 0
	return nil
}

// Message reads a message.
func Message[T any](v Value, to *T, decode func([]byte) (T, error)) error {
	if v.kind != kindBytes {
		return errKind
	}
	var err error
	*to, err = decode(v.data)
	return err
}

// Messages reads a message, which is the next of to.
func Messages[T any](v Value, to *[]T, decode func([]byte) (T, error)) error {
	var one T
	err := Message(v, &one, decode)
	*to = append(*to, one)
	return err
}

// A message is written with the functions below. They leave out a field with its default value, as proto3 does.

// AppendString writes a string.
func AppendString(b []byte, num int, text string) []byte {
	if text == "" {
		return b
	}
	return append(binary.AppendUvarint(appendTag(b, num, kindBytes), uint64(len(text))), text...)
}

// AppendBytes writes bytes.
func AppendBytes(b []byte, num int, data []byte) []byte {
	if len(data) == 0 {
		return b
	}
	return AppendMessage(b, num, data)
}

// AppendInt writes an integer of type int32, int64, uint32 or uint64, or an enum.
func AppendInt(b []byte, num int, n int64) []byte {
	if n == 0 {
		return b
	}
	return binary.AppendUvarint(appendTag(b, num, kindVarint), uint64(n))
}

// AppendBool writes a bool.
func AppendBool(b []byte, num int, is bool) []byte {
	if !is {
		return b
	}
	return AppendInt(b, num, 1)
}

// AppendMessage writes a message, empty or not; also bytes that are one of several.
func AppendMessage(b []byte, num int, msg []byte) []byte {
	return append(binary.AppendUvarint(appendTag(b, num, kindBytes), uint64(len(msg))), msg...)
}

func appendTag(b []byte, num int, kind uint64) []byte {
	return binary.AppendUvarint(b, uint64(num)<<3|kind)
}

// AppendStrings writes every one, also an empty one.
func AppendStrings(b []byte, num int, texts []string) []byte {
	for _, text := range texts {
		b = append(binary.AppendUvarint(appendTag(b, num, kindBytes), uint64(len(text))), text...)
	}
	return b
}

// AppendTime writes a google.protobuf.Timestamp, unless t is the zero time.
func AppendTime(b []byte, num int, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return AppendMessage(b, num, AppendInt(AppendInt(nil, 1, t.Unix()), 2, int64(t.Nanosecond())))
}

// The first and the last second of a Timestamp: those of the years 1 and 9999.
const firstSecond, lastSecond = -62135596800, 253402300799

// DecodeTime reads a google.protobuf.Timestamp.
func DecodeTime(data []byte) (time.Time, error) {
	seconds, nanos, err := DecodeInts(data)
	if err == nil && (seconds < firstSecond || seconds > lastSecond || nanos < 0 || nanos >= 1e9) {
		err = errors.New("not a time")
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(seconds, nanos).UTC(), nil
}

// AppendDuration writes a google.protobuf.Duration, unless d is 0.
func AppendDuration(b []byte, num int, d time.Duration) []byte {
	if d == 0 {
		return b
	}
	return AppendMessage(b, num, AppendInt(AppendInt(nil, 1, int64(d/time.Second)), 2, int64(d%time.Second)))
}

// DecodeInts reads a message of two integers, or of one: its fields 1 and 2.
func DecodeInts(data []byte) (first, second int64, err error) {
	err = Fields(data, func(num int, v Value) error {
		switch num {
		case 1:
			return v.Int(&first)
		case 2:
			return v.Int(&second)
		}
		return nil
	})
	return first, second, err
}
