package leadimport

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// The bounds of one row of a CSV file.
const (
	// MaxRow is the size of a row in bytes.
	MaxRow = 64 << 10
	// MaxLines is how many lines a row may have, by line breaks within quotes.
	MaxLines = 100
)

// line is one physical line without its end.
type line struct {
	text    string
	number  int  // from 1
	tooLong bool // the text is cut off
}

// lineReader reads lines that end in LF, CRLF or CR, and can be given lines back.
type lineReader struct {
	in      *bufio.Reader
	buffer  []byte
	number  int
	pending []line // to be read first, the next one last
}

// newLineReader reads UTF-8, with or without a byte order mark, or UTF-16 with one.
func newLineReader(in io.Reader) *lineReader {
	buffered := bufio.NewReaderSize(in, 64<<10)
	switch start, _ := buffered.Peek(3); { // what there is of a shorter file
	case bytes.HasPrefix(start, []byte("\xEF\xBB\xBF")):
		_, _ = buffered.Discard(3) // they were just seen
	case bytes.HasPrefix(start, []byte("\xFF\xFE")), bytes.HasPrefix(start, []byte("\xFE\xFF")):
		decoder := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		buffered = bufio.NewReaderSize(transform.NewReader(buffered, decoder), 64<<10)
	}
	return &lineReader{in: buffered, buffer: make([]byte, 0, 1024)}
}

// next returns the next line, or io.EOF behind the last.
func (r *lineReader) next() (line, error) {
	if last := len(r.pending) - 1; last >= 0 {
		l := r.pending[last]
		r.pending = r.pending[:last]
		return l, nil
	}
	r.buffer = r.buffer[:0]
	tooLong := false
	for {
		char, err := r.in.ReadByte()
		if errors.Is(err, io.EOF) && (len(r.buffer) > 0 || tooLong) {
			break
		}
		if err != nil {
			return line{}, err
		}
		if char == '\n' {
			break
		}
		if char == '\r' {
			if following, err := r.in.Peek(1); err == nil && following[0] == '\n' {
				_, _ = r.in.Discard(1) // it was just seen
			}
			break
		}
		if len(r.buffer) == MaxRow {
			tooLong = true
			continue
		}
		r.buffer = append(r.buffer, char)
	}
	r.number++
	return line{text: string(r.buffer), number: r.number, tooLong: tooLong}, nil
}

// giveBack makes lines that were read the next ones again.
func (r *lineReader) giveBack(lines []line) {
	for i := len(lines) - 1; i >= 0; i-- {
		r.pending = append(r.pending, lines[i])
	}
}
