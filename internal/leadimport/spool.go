package leadimport

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// batchSize is how many drafts the store gets at a time.
const batchSize = 1000

// spool keeps drafts in a file that has no name any more, so that it is gone with the process.
type spool struct {
	file *os.File
	out  *bufio.Writer
	to   *json.Encoder
}

func newSpool() (*spool, error) {
	file, err := os.CreateTemp("", "frontdesk-import-*")
	if err != nil {
		return nil, fmt.Errorf("keep the import's rows: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("keep the import's rows: %w", err), file.Close())
	}
	out := bufio.NewWriterSize(file, 64<<10)
	return &spool{file: file, out: out, to: json.NewEncoder(out)}, nil
}

func (s *spool) add(d lead.Draft) error {
	if err := s.to.Encode(d); err != nil {
		return fmt.Errorf("keep the import's rows: %w", err)
	}
	return nil
}

// batches yields what was added, from the beginning each time.
func (s *spool) batches(yield func([]lead.Draft, error) bool) {
	fail := func(err error) { yield(nil, fmt.Errorf("read the import's rows: %w", err)) }
	if err := s.out.Flush(); err != nil {
		fail(err)
		return
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		fail(err)
		return
	}
	from := json.NewDecoder(bufio.NewReaderSize(s.file, 64<<10))
	for {
		batch := make([]lead.Draft, 0, batchSize)
		for len(batch) < batchSize {
			var d lead.Draft
			err := from.Decode(&d)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				fail(err)
				return
			}
			batch = append(batch, d)
		}
		if len(batch) == 0 || !yield(batch, nil) || len(batch) < batchSize {
			return
		}
	}
}

func (s *spool) close() error { return s.file.Close() }
