package transfer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// digest is of a table's rows in any order: their number, and the sum of their hashes.
type digest struct {
	rows int64
	sum  [4]uint64
}

// content is a digest as it is kept.
type content struct {
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"`
}

func (d *digest) content() content {
	var sum []byte
	for _, part := range d.sum {
		sum = binary.BigEndian.AppendUint64(sum, part)
	}
	return content{Rows: d.rows, Digest: hex.EncodeToString(sum)}
}

// add takes the values of a row, as they are written or as they were read back.
func (d *digest) add(values []any) error {
	plain := make([]any, len(values))
	for i, value := range values {
		var err error
		if plain[i], err = canonical(value); err != nil {
			return err
		}
	}
	text, err := json.Marshal(plain) // keys of maps are sorted
	if err != nil {
		return err
	}
	hash := sha256.Sum256(text)
	for i := range d.sum {
		d.sum[i] += binary.BigEndian.Uint64(hash[8*i:])
	}
	d.rows++
	return nil
}

// canonical gives one form to what both sides have of a value.
func canonical(value any) (any, error) {
	switch v := value.(type) {
	case nil, string, bool, float64, int64, map[string]any:
		return v, nil
	case int32:
		return int64(v), nil
	case []byte:
		return hex.EncodeToString(v), nil
	case [16]byte:
		return hex.EncodeToString(v[:]), nil
	case time.Time:
		return v.UnixMicro(), nil
	case json.RawMessage:
		var parsed any
		err := json.Unmarshal(v, &parsed)
		return parsed, err
	case []string:
		return canonicalList(v)
	case []int64:
		return canonicalList(v)
	case []time.Time:
		return canonicalList(v)
	case []any:
		return canonicalList(v)
	case pgtype.Range[time.Time]: // as it is written
		return canonicalList([]any{v.Lower, v.Upper, string(v.LowerType), string(v.UpperType)})
	case pgtype.Range[any]: // as it is read
		return canonicalList([]any{v.Lower, v.Upper, string(v.LowerType), string(v.UpperType)})
	default:
		return nil, fmt.Errorf("cannot compare a %T", value)
	}
}

func canonicalList[T any](values []T) (any, error) {
	list := make([]any, len(values))
	for i, value := range values {
		var err error
		if list[i], err = canonical(value); err != nil {
			return nil, err
		}
	}
	return list, nil
}
