package clickhouse

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/google/uuid"

	"github.com/shadower/analytics/pkg/problem"
)

// nativeVersion is the framing that ClickHouse uses over HTTP when no client_protocol_version is sent.
const nativeVersion = 0

// maxColumns is far above what any view has; more means that the bytes are not Native.
const maxColumns = 10_000

// Kind is what a column's values are for a reader.
type Kind int

// Kinds of columns. Every ClickHouse type that the views use falls into one.
const (
	KindString Kind = iota
	KindNumber
	KindTime
	KindBool
)

// Column is one column of an answer. Just the slice of its kind is filled. nil is NULL.
type Column struct {
	Name string
	// Type is the ClickHouse type as answered.
	Type    string
	Kind    Kind
	Strings []*string
	Numbers []*float64
	Times   []*time.Time
	Bools   []*bool
}

// decodeNative reads blocks up to the end of the answer, or until there are maxRows (0: no bound). An answer that ends
// inside a block is an error.
func decodeNative(body io.Reader, maxRows int) (*Result, error) {
	buffered := bufio.NewReaderSize(body, 64<<10)
	r := proto.NewReader(buffered)
	result := &Result{}
	for {
		columns, err := r.Int()
		if err != nil {
			if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return result, nil
			}
			return nil, fmt.Errorf("block header: %w", err)
		}
		rows, err := r.Int()
		if err != nil {
			return nil, fmt.Errorf("block header: %w", noEOF(err))
		}
		if columns < 0 || columns > maxColumns || rows < 0 {
			return nil, fmt.Errorf("a block of %d columns and %d rows is not FORMAT Native", columns, rows)
		}
		first := len(result.Columns) == 0
		if !first && columns != len(result.Columns) {
			return nil, fmt.Errorf("a block has %d columns after one with %d", columns, len(result.Columns))
		}
		for i := range columns {
			name, err := r.Str()
			if err != nil {
				return nil, fmt.Errorf("name of column %d: %w", i, noEOF(err))
			}
			typ, err := r.Str()
			if err != nil {
				return nil, fmt.Errorf("type of column %q: %w", name, noEOF(err))
			}
			dec, err := decoderFor(typ)
			if err != nil {
				return nil, problem.Wrap(err, problem.StoreSchema, "column %q has the type %s, which this plugin cannot read; in SQL convert it with toString, else run shadower migrate with the version that belongs to it", name, typ)
			}
			if first {
				result.Columns = append(result.Columns, Column{Name: name, Type: typ, Kind: dec.kind})
			}
			target := &result.Columns[i]
			if target.Name != name || target.Kind != dec.kind {
				return nil, fmt.Errorf("column %d changes from %q %s to %q %s", i, target.Name, target.Type, name, typ)
			}
			if rows == 0 {
				continue
			}
			if s, ok := dec.data.(proto.StateDecoder); ok {
				if err := s.DecodeState(r); err != nil {
					return nil, fmt.Errorf("state of column %q: %w", name, noEOF(err))
				}
			}
			if err := dec.data.DecodeColumn(r, rows); err != nil {
				return nil, fmt.Errorf("column %q: %w", name, noEOF(err))
			}
			if got := dec.data.Rows(); got != rows {
				return nil, fmt.Errorf("column %q has %d rows, expected %d", name, got, rows)
			}
			dec.appendTo(target, rows)
		}
		result.Rows += rows
		if maxRows > 0 && result.Rows >= maxRows {
			return result, nil
		}
	}
}

// noEOF tells an end inside a block from the clean end between two.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

type decoder struct {
	kind     Kind
	data     proto.ColResult
	appendTo func(target *Column, rows int)
}

// decoderFor finds how a ClickHouse type is read. Wrappers that do not change the bytes are taken off.
func decoderFor(typ string) (decoder, error) {
	t := proto.ColumnType(typ)
	if t.Base() == "SimpleAggregateFunction" {
		if _, inner, ok := strings.Cut(string(t.Elem()), ","); ok {
			return decoderFor(strings.TrimSpace(inner))
		}
	}
	// ch-go has no LowCardinality over Nullable: its dictionary holds plain values, and key 0 is NULL.
	if t.Base() == proto.ColumnTypeLowCardinality && t.Elem().Base() == proto.ColumnTypeNullable {
		if t.Elem().Elem() != proto.ColumnTypeString {
			return decoder{}, fmt.Errorf("no decoder for %s", typ)
		}
		dictionary := new(proto.ColStr)
		raw := &proto.ColLowCardinalityRaw{Index: dictionary, Key: proto.KeyUInt8}
		return decoder{kind: KindString, data: raw, appendTo: func(target *Column, rows int) {
			target.Strings = appendKeys(target.Strings, raw, dictionary, rows)
		}}, nil
	}
	auto := new(proto.ColAuto)
	if err := auto.Infer(t); err != nil {
		return decoder{}, err
	}
	switch c := auto.Data.(type) {
	case rower[string]:
		return texts(auto.Data, c, func(v string) *string { return &v }), nil
	case rower[proto.Nullable[string]]:
		return texts(auto.Data, c, func(v proto.Nullable[string]) *string { return nullable(v, identity[string]) }), nil
	case rower[[]byte]:
		return texts(auto.Data, c, func(v []byte) *string { return ptr(strings.TrimRight(string(v), "\x00")) }), nil
	case rower[uuid.UUID]:
		return texts(auto.Data, c, func(v uuid.UUID) *string { return ptr(v.String()) }), nil
	case rower[[]string]:
		return texts(auto.Data, c, func(v []string) *string { return ptr(strings.Join(v, ", ")) }), nil
	case rower[time.Time]:
		return times(auto.Data, c, func(v time.Time) *time.Time { return ptr(v.UTC()) }), nil
	case rower[proto.Nullable[time.Time]]:
		return times(auto.Data, c, func(v proto.Nullable[time.Time]) *time.Time { return nullable(v, time.Time.UTC) }), nil
	case rower[bool]:
		return bools(auto.Data, c, ptr[bool]), nil
	case rower[proto.Nullable[bool]]:
		return bools(auto.Data, c, func(v proto.Nullable[bool]) *bool { return nullable(v, identity[bool]) }), nil
	case rower[float64]:
		return numbers(auto.Data, c, number[float64]), nil
	case rower[float32]:
		return numbers(auto.Data, c, number[float32]), nil
	case rower[uint8]:
		return numbers(auto.Data, c, number[uint8]), nil
	case rower[uint16]:
		return numbers(auto.Data, c, number[uint16]), nil
	case rower[uint32]:
		return numbers(auto.Data, c, number[uint32]), nil
	case rower[uint64]:
		return numbers(auto.Data, c, number[uint64]), nil
	case rower[int8]:
		return numbers(auto.Data, c, number[int8]), nil
	case rower[int16]:
		return numbers(auto.Data, c, number[int16]), nil
	case rower[int32]:
		return numbers(auto.Data, c, number[int32]), nil
	case rower[int64]:
		return numbers(auto.Data, c, number[int64]), nil
	case rower[proto.Nullable[float64]]:
		return numbers(auto.Data, c, nullableNumber[float64]), nil
	case rower[proto.Nullable[float32]]:
		return numbers(auto.Data, c, nullableNumber[float32]), nil
	case rower[proto.Nullable[uint8]]:
		return numbers(auto.Data, c, nullableNumber[uint8]), nil
	case rower[proto.Nullable[uint16]]:
		return numbers(auto.Data, c, nullableNumber[uint16]), nil
	case rower[proto.Nullable[uint32]]:
		return numbers(auto.Data, c, nullableNumber[uint32]), nil
	case rower[proto.Nullable[uint64]]:
		return numbers(auto.Data, c, nullableNumber[uint64]), nil
	case rower[proto.Nullable[int8]]:
		return numbers(auto.Data, c, nullableNumber[int8]), nil
	case rower[proto.Nullable[int16]]:
		return numbers(auto.Data, c, nullableNumber[int16]), nil
	case rower[proto.Nullable[int32]]:
		return numbers(auto.Data, c, nullableNumber[int32]), nil
	case rower[proto.Nullable[int64]]:
		return numbers(auto.Data, c, nullableNumber[int64]), nil
	default:
		return decoder{}, fmt.Errorf("no decoder for %s", typ)
	}
}

// rower is a ch-go column of values T; wrappers such as LowCardinality satisfy it as well.
type rower[T any] interface{ Row(i int) T }

type numeric interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

func ptr[T any](v T) *T     { return &v }
func identity[T any](v T) T { return v }
func collect[T, V any](to []*V, c rower[T], rows int, convert func(T) *V) []*V {
	for i := range rows {
		to = append(to, convert(c.Row(i)))
	}
	return to
}

func nullable[T, V any](v proto.Nullable[T], convert func(T) V) *V {
	if !v.Set {
		return nil
	}
	return ptr(convert(v.Value))
}

// number makes NULL of what is no number (0/0): it is unknown, and must not look like a value in an alert rule.
func number[T numeric](v T) *float64 {
	f := float64(v)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

func nullableNumber[T numeric](v proto.Nullable[T]) *float64 {
	if !v.Set {
		return nil
	}
	return number(v.Value)
}

func texts[T any](data proto.ColResult, c rower[T], convert func(T) *string) decoder {
	return decoder{KindString, data, func(t *Column, rows int) { t.Strings = collect(t.Strings, c, rows, convert) }}
}

func numbers[T any](data proto.ColResult, c rower[T], convert func(T) *float64) decoder {
	return decoder{KindNumber, data, func(t *Column, rows int) { t.Numbers = collect(t.Numbers, c, rows, convert) }}
}

func times[T any](data proto.ColResult, c rower[T], convert func(T) *time.Time) decoder {
	return decoder{KindTime, data, func(t *Column, rows int) { t.Times = collect(t.Times, c, rows, convert) }}
}

func bools[T any](data proto.ColResult, c rower[T], convert func(T) *bool) decoder {
	return decoder{KindBool, data, func(t *Column, rows int) { t.Bools = collect(t.Bools, c, rows, convert) }}
}

func appendKeys(to []*string, raw *proto.ColLowCardinalityRaw, dictionary *proto.ColStr, rows int) []*string {
	key := func(i int) int {
		switch raw.Key {
		case proto.KeyUInt8:
			return int(raw.Keys8[i])
		case proto.KeyUInt16:
			return int(raw.Keys16[i])
		case proto.KeyUInt32:
			return int(raw.Keys32[i])
		default:
			return int(raw.Keys64[i]) //nolint:gosec // bounded by the dictionary below
		}
	}
	for i := range rows {
		k := key(i)
		if k <= 0 || k >= dictionary.Rows() {
			to = append(to, nil)
			continue
		}
		to = append(to, ptr(dictionary.Row(k)))
	}
	return to
}
