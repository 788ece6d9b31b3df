package reapi

import (
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Value is a field of a message that is being read.
type Value struct {
	Type   protowire.Type
	Bytes  []byte // of a string, bytes or a message; a part of what is read
	Number uint64 // of an integer or a bool
}

// Fields calls do with each field of a message, in the order in which they are written.
func Fields(data []byte, do func(protowire.Number, Value) error) error {
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		v := Value{Type: typ}
		switch typ {
		case protowire.BytesType:
			v.Bytes, n = protowire.ConsumeBytes(data)
		case protowire.VarintType:
			v.Number, n = protowire.ConsumeVarint(data)
		default:
			n = protowire.ConsumeFieldValue(num, typ, data)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if err := do(num, v); err != nil {
			return fmt.Errorf("field %d: %w", num, err)
		}
	}
	return nil
}

var errType = errors.New("of another type")

func (v Value) text(to *string) error {
	if v.Type != protowire.BytesType {
		return errType
	}
	*to = string(v.Bytes)
	return nil
}

func (v Value) texts(to *[]string) error {
	var text string
	err := v.text(&text)
	*to = append(*to, text)
	return err
}

func (v Value) bytes(to *[]byte) error {
	if v.Type != protowire.BytesType {
		return errType
	}
	*to = append([]byte(nil), v.Bytes...)
	return nil
}

func (v Value) int(to *int64) error {
	if v.Type != protowire.VarintType {
		return errType
	}
	*to = int64(v.Number)
	return nil
}

func (v Value) bool(to *bool) error {
	if v.Type != protowire.VarintType {
		return errType
	}
	*to = v.Number != 0
	return nil
}

// message reads a message into to.
func message[T any](v Value, to *T, decode func([]byte) (T, error)) error {
	if v.Type != protowire.BytesType {
		return errType
	}
	var err error
	*to, err = decode(v.Bytes)
	return err
}

// messages reads a message, which is the next of to.
func messages[T any](v Value, to *[]T, decode func([]byte) (T, error)) error {
	var one T
	err := message(v, &one, decode)
	*to = append(*to, one)
	return err
}

// The functions below write a field unless it has its default value, as proto3 does.

func appendString(b []byte, num protowire.Number, text string) []byte {
	if text == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), text)
}

func appendBytes(b []byte, num protowire.Number, data []byte) []byte {
	if len(data) == 0 {
		return b
	}
	return appendMessage(b, num, data)
}

func appendInt(b []byte, num protowire.Number, n int64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(n))
}

func appendBool(b []byte, num protowire.Number, is bool) []byte {
	return appendInt(b, num, int64(protowire.EncodeBool(is)))
}

// appendMessage writes a message, empty or not.
func appendMessage(b []byte, num protowire.Number, msg []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), msg)
}

func appendDigest(b []byte, num protowire.Number, d Digest) []byte {
	if d.IsZero() {
		return b
	}
	return appendMessage(b, num, d.Encode())
}

// appendStrings writes every one, also an empty one.
func appendStrings(b []byte, num protowire.Number, texts []string) []byte {
	for _, text := range texts {
		b = protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), text)
	}
	return b
}

// appendTime writes a google.protobuf.Timestamp, unless t is the zero time.
func appendTime(b []byte, num protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return appendMessage(b, num, appendInt(appendInt(nil, 1, t.Unix()), 2, int64(t.Nanosecond())))
}

// The first and the last second of a Timestamp: those of the years 1 and 9999.
const firstSecond, lastSecond = -62135596800, 253402300799

func decodeTime(data []byte) (time.Time, error) {
	seconds, nanos, err := decodePair(data)
	if err == nil && (seconds < firstSecond || seconds > lastSecond || nanos < 0 || nanos >= 1e9) {
		err = errors.New("not a time")
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Unix(seconds, nanos).UTC(), nil
}

// appendDuration writes a google.protobuf.Duration, unless d is 0.
func appendDuration(b []byte, num protowire.Number, d time.Duration) []byte {
	if d == 0 {
		return b
	}
	return appendMessage(b, num, appendInt(appendInt(nil, 1, int64(d/time.Second)), 2, int64(d%time.Second)))
}

func decodeDuration(data []byte) (time.Duration, error) {
	const most = math.MaxInt64/int64(time.Second) - 1
	seconds, nanos, err := decodePair(data)
	if err == nil && (max(seconds, -seconds) > most || seconds == math.MinInt64 || max(nanos, -nanos) >= 1e9 || nanos == math.MinInt64) {
		err = errors.New("not a duration")
	}
	return time.Duration(seconds)*time.Second + time.Duration(nanos), err
}

// decodePair reads two integers, of fields 1 and 2.
func decodePair(data []byte) (first, second int64, err error) {
	err = Fields(data, func(num protowire.Number, v Value) error {
		switch num {
		case 1:
			return v.int(&first)
		case 2:
			return v.int(&second)
		}
		return nil
	})
	return first, second, err
}
