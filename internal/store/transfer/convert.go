package transfer

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// column is a PostgreSQL column and where its values come from.
type column struct {
	name, kind string
	// from are the SQLite columns that its value is made of.
	from []string
	// convert makes the value of those of a row. No value is given or made for NULL in a single source column.
	convert func(values []any) (any, error)
}

// converters make a value of one SQLite column, by PostgreSQL's name of the type.
var converters = map[string]func(any) (any, error){
	"text":                     same[string],
	"integer":                  same[int64],
	"bigint":                   same[int64],
	"bytea":                    same[[]byte],
	"double precision":         same[float64],
	"boolean":                  toBool,
	"uuid":                     toUUID,
	"timestamp with time zone": toTime,
	"text[]":                   toList[string],
	"integer[]":                toList[int64],
	"jsonb":                    toJSON,
}

// rangeType is of ranges, which SQLite stores as two columns.
const rangeType = "tstzrange"

// halves are columns of which SQLite stores two as one list of pairs: [["room-2",1], …].
var halves = map[string]struct {
	from string
	half int
}{
	"resource_ids":  {"units", 0},
	"unit_numbers":  {"units", 1},
	"window_starts": {"windows", 0},
	"window_ends":   {"windows", 1},
}

// halfConverters make the list of one half of the pairs, by PostgreSQL's name of its type.
var halfConverters = map[string]func(value any, half int) (any, error){
	"text[]":                     toHalf[string],
	"integer[]":                  toHalf[int64],
	"timestamp with time zone[]": toHalfOfTimes,
}

func plan(table, name, kind string, source map[string]bool) (column, error) {
	c := column{name: name, kind: kind}
	pair := halves[name]
	switch {
	case source[name] && converters[kind] != nil:
		convert := converters[kind]
		c.from = []string{name}
		c.convert = func(values []any) (any, error) { return convert(values[0]) }
	case kind == rangeType && source[name+"_from"] && source[name+"_to"]:
		c.from = []string{name + "_from", name + "_to"}
		c.convert = toRange
	case source[pair.from] && halfConverters[kind] != nil:
		convert := halfConverters[kind]
		c.from = []string{pair.from}
		c.convert = func(values []any) (any, error) { return convert(values[0], pair.half) }
	default:
		return c, fmt.Errorf("column %s.%s of type %s has no counterpart in SQLite: this program cannot copy it", table, name, kind)
	}
	return c, nil
}

func same[T any](value any) (any, error) {
	typed, ok := value.(T)
	if !ok {
		return nil, fmt.Errorf("is a %T, not a %T", value, typed)
	}
	return typed, nil
}

func toBool(value any) (any, error) {
	number, ok := value.(int64)
	return number != 0, mustBe(ok, value, "a truth value")
}

func toUUID(value any) (any, error) {
	text, _ := value.(string)
	var id pgtype.UUID
	if err := id.Scan(text); err != nil {
		return nil, err
	}
	return id.Bytes, nil
}

// toTime: SQLite's instants are microseconds since 1970.
func toTime(value any) (any, error) {
	micros, ok := value.(int64)
	return time.UnixMicro(micros).UTC(), mustBe(ok, value, "an instant")
}

func toList[T any](value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return nil, mustBe(ok, value, "a list")
	}
	list := []T{}
	err := json.Unmarshal([]byte(text), &list)
	return list, err
}

func toJSON(value any) (any, error) {
	text, ok := value.(string)
	return json.RawMessage(text), mustBe(ok && json.Valid([]byte(text)), value, "JSON")
}

func toRange(values []any) (any, error) {
	var bounds [2]time.Time
	for i, value := range values {
		micros, ok := value.(int64)
		if err := mustBe(ok, value, "an instant"); err != nil {
			return nil, err
		}
		bounds[i] = time.UnixMicro(micros).UTC()
	}
	return pgtype.Range[time.Time]{
		Lower: bounds[0], Upper: bounds[1], LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true,
	}, nil
}

// toHalf takes one half of each pair.
func toHalf[T any](value any, half int) (any, error) { return listOfHalf[T](value, half) }

func toHalfOfTimes(value any, half int) (any, error) {
	micros, err := listOfHalf[int64](value, half)
	times := make([]time.Time, len(micros))
	for i, m := range micros {
		times[i] = time.UnixMicro(m).UTC()
	}
	return times, err
}

func listOfHalf[T any](value any, half int) ([]T, error) {
	text, ok := value.(string)
	if !ok {
		return nil, mustBe(ok, value, "a list of pairs")
	}
	var pairs [][2]json.RawMessage
	if err := json.Unmarshal([]byte(text), &pairs); err != nil {
		return nil, err
	}
	list := make([]T, len(pairs))
	for i, pair := range pairs {
		if err := json.Unmarshal(pair[half], &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func mustBe(ok bool, value any, what string) error {
	if ok {
		return nil
	}
	return fmt.Errorf("is a %T, not %s", value, what)
}
