package jsonfile

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
)

const (
	// formatName tells our files from others'.
	formatName = "frontdesk-data"
	// formatVersion is that of the document below; what is in the tables has the migrations' numbers.
	formatVersion = 1
)

// document is the file. Bytes are {"base64": "…"}; all other values are what they are.
type document struct {
	Format     string                  `json:"format"`
	Version    int                     `json:"version"`
	Migrations []int64                 `json:"migrations"`
	Tables     map[string][]sqlite.Row `json:"tables"`
}

// blob is a value of bytes in the file.
type blob struct {
	Base64 []byte `json:"base64"`
}

// encode writes one row a line, in the same order for the same content, for people and for diff.
func encode(content *sqlite.Content) ([]byte, error) {
	var out bytes.Buffer
	migrations, err := json.Marshal(content.Migrations)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&out, "{\n  \"format\": %q,\n  \"version\": %d,\n  \"migrations\": %s,\n  \"tables\": {", formatName, formatVersion, migrations)
	rowEncoder := json.NewEncoder(&out)
	rowEncoder.SetEscapeHTML(false)
	for i, table := range slices.Sorted(maps.Keys(content.Tables)) {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "\n    %q: [", table)
		for j, row := range content.Tables[table] {
			if j > 0 {
				out.WriteByte(',')
			}
			out.WriteString("\n      ")
			if err := writeable(row); err != nil {
				return nil, fmt.Errorf("table %s: %w", table, err)
			}
			if err := rowEncoder.Encode(row); err != nil {
				return nil, fmt.Errorf("table %s: %w", table, err)
			}
			out.Truncate(out.Len() - 1) // the encoder's line feed, which would come before the comma
		}
		out.WriteByte(']')
	}
	out.WriteString("\n  }\n}\n")
	return out.Bytes(), nil
}

// writeable makes the values of a row ones that JSON keeps as they are.
func writeable(row sqlite.Row) error {
	for column, value := range row {
		switch value := value.(type) {
		case nil, int64:
		case string:
			if !utf8.ValidString(value) {
				return fmt.Errorf("column %s is not UTF-8", column)
			}
		case []byte:
			row[column] = blob{Base64: value}
		default:
			return fmt.Errorf("column %s is a %T, which the file cannot hold", column, value)
		}
	}
	return nil
}

// decode reads what encode wrote, however it is spaced.
func decode(path string, text []byte) (*sqlite.Content, error) {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		if looksLikeOurs(text) {
			return nil, damaged(path, err)
		}
		return nil, foreign(path, "is not JSON")
	}
	switch {
	case head.Format != formatName:
		return nil, foreign(path, fmt.Sprintf("does not say that its format is %q", formatName))
	case head.Version > formatVersion:
		return nil, newer(path, fmt.Errorf("its format has version %d, and this program reads up to %d", head.Version, formatVersion))
	case head.Version != formatVersion:
		return nil, damaged(path, fmt.Errorf("there is no version %d of the format", head.Version))
	}
	var d document
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // numbers are instants in microseconds: more digits than a float64 has
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return nil, damaged(path, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, damaged(path, errors.New("something follows its end"))
	}
	for table, rows := range d.Tables {
		for i, row := range rows {
			if err := readable(row); err != nil {
				return nil, damaged(path, fmt.Errorf("table %s, row %d: %w", table, i+1, err))
			}
		}
	}
	return &sqlite.Content{Migrations: d.Migrations, Tables: d.Tables}, nil
}

// looksLikeOurs says that a broken text begins as our files do.
func looksLikeOurs(text []byte) bool {
	const beginning = 200 // bytes, within which the format is named
	return bytes.Contains(text[:min(len(text), beginning)], []byte(formatName))
}

// readable is the reverse of writeable.
func readable(row sqlite.Row) error {
	for column, value := range row {
		var err error
		if row[column], err = readableValue(value); err != nil {
			return fmt.Errorf("column %s: %w", column, err)
		}
	}
	return nil
}

func readableValue(value any) (any, error) {
	switch value := value.(type) {
	case nil, string:
		return value, nil
	case json.Number:
		return value.Int64()
	case map[string]any:
		if encoded, ok := value["base64"].(string); ok && len(value) == 1 {
			return base64.StdEncoding.DecodeString(encoded)
		}
	}
	return nil, fmt.Errorf("%v is neither a text, a whole number, null nor bytes", value)
}
