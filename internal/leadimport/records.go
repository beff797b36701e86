package leadimport

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// record is one row of a CSV file.
type record struct {
	cells []string
	// number counts rows from 1 with the header, as a spreadsheet shows them; line is the first physical line.
	number, line int
	// fault says why the row could not be read; the cells are then worthless.
	fault string
}

// recordReader splits a CSV file into rows.
type recordReader struct {
	lines  *lineReader
	comma  rune
	width  int // number of cells of the header; 0 until it was read
	number int
	cells  *csv.Reader // parses one row after the other
	feed   *feed
	lazy   *csv.Reader // the same, with quotes taken as ordinary characters where they make no sense
}

// feed gives a csv.Reader the text of one row, then io.EOF, then that of the next.
type feed struct{ text string }

func (f *feed) Read(into []byte) (int, error) {
	if f.text == "" {
		return 0, io.EOF
	}
	n := copy(into, f.text)
	f.text = f.text[n:]
	return n, nil
}

func newRecordReader(lines *lineReader, comma rune) *recordReader {
	r := &recordReader{lines: lines, comma: comma, feed: &feed{}}
	r.cells, r.lazy = r.parser(false), r.parser(true)
	return r
}

func (r *recordReader) parser(lazy bool) *csv.Reader {
	parser := csv.NewReader(r.feed)
	parser.Comma, parser.LazyQuotes, parser.FieldsPerRecord = r.comma, lazy, -1
	return parser
}

// next returns the next row that is not empty, or io.EOF behind the last.
func (r *recordReader) next() (record, error) {
	for {
		first, err := r.lines.next()
		if err != nil {
			return record{}, err
		}
		r.number++
		if strings.TrimSpace(first.text) == "" && !first.tooLong {
			continue
		}
		row := record{number: r.number, line: first.number}
		switch {
		case first.tooLong:
			row.fault = "The row is too long."
		case strings.Count(first.text, `"`)%2 == 0:
			row.cells, row.fault = r.single(first.text)
		default:
			row.cells, row.fault, err = r.several(first)
		}
		return row, err
	}
}

// single reads a row of one line.
func (r *recordReader) single(text string) (cells []string, fault string) {
	if cells, err := r.parse(r.cells, text); err == nil {
		return cells, ""
	}
	// A quote in the middle of a cell, such as 5" or Ann "Annie" Lee. It is taken as it stands if that gives as many cells
	// as there are columns.
	if cells, err := r.parse(r.lazy, text); err == nil && (r.width == 0 || len(cells) == r.width) {
		return cells, ""
	}
	return nil, "The quotes do not match."
}

// several reads a row that begins with a quote that its first line does not close. Lines beyond it are given back when it
// is not closed at all.
func (r *recordReader) several(first line) (cells []string, fault string, err error) {
	text := strings.Builder{}
	text.WriteString(first.text)
	var more []line
	for len(more) < MaxLines {
		following, err := r.lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", err
		}
		more = append(more, following)
		if following.tooLong || text.Len()+len(following.text) > MaxRow {
			break
		}
		text.WriteByte('\n')
		text.WriteString(following.text)
		if strings.Count(following.text, `"`)%2 == 0 {
			continue // still open
		}
		if cells, err := r.parse(r.cells, text.String()); err == nil && (r.width == 0 || len(cells) == r.width) {
			return cells, "", nil
		}
		break
	}
	r.lines.giveBack(more)
	if cells, err := r.parse(r.lazy, first.text); err == nil && r.width > 1 && len(cells) == r.width {
		return cells, "", nil
	}
	return nil, "A quote is opened and never closed.", nil
}

func (r *recordReader) parse(parser *csv.Reader, text string) ([]string, error) {
	r.feed.text = text
	cells, err := parser.Read()
	if err != nil {
		// What is left of the text must not become part of the next row.
		r.feed.text = ""
		for rest := error(nil); !errors.Is(rest, io.EOF); {
			_, rest = parser.Read()
		}
		return nil, err
	}
	if _, rest := parser.Read(); !errors.Is(rest, io.EOF) {
		r.feed.text = ""
		for !errors.Is(rest, io.EOF) {
			_, rest = parser.Read()
		}
		return nil, csv.ErrQuote
	}
	return cells, nil
}

// delimiters are what separates cells, the likeliest first.
const delimiters = ",;\t|"

// guessDelimiter is the one that is most frequent in the header, outside quotes.
func guessDelimiter(header string) rune {
	counts, quoted := map[rune]int{}, false
	for _, char := range header {
		switch {
		case char == '"':
			quoted = !quoted
		case !quoted && strings.ContainsRune(delimiters, char):
			counts[char]++
		}
	}
	best := rune(delimiters[0])
	for _, candidate := range delimiters {
		if counts[candidate] > counts[best] {
			best = candidate
		}
	}
	return best
}
