package availability

import (
	"fmt"
	"strings"
	"time"
)

// The bounds of what the engine computes.
const (
	// MaxWindow is the longest window of one query.
	MaxWindow = 366 * 24 * time.Hour
	// MaxDuration bounds a service's duration and each buffer.
	MaxDuration = 7 * 24 * time.Hour
)

// InvalidError reports what is wrong with an input, field by field.
type InvalidError struct {
	Fields []FieldError
}

// FieldError is one fault of an input.
type FieldError struct {
	Path   string // such as weekly[0].spans[1].to
	Reason string // what is wrong and what would be right
}

func (e *InvalidError) Error() string {
	faults := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		faults[i] = f.Path + ": " + f.Reason
	}
	return strings.Join(faults, "; ")
}

func (e *InvalidError) add(path, format string, args ...any) {
	e.Fields = append(e.Fields, FieldError{Path: path, Reason: fmt.Sprintf(format, args...)})
}

// orNil returns e as an error if it holds a fault.
func (e *InvalidError) orNil() error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// WindowError reports a query window that is not answered.
type WindowError struct {
	From, To time.Time
	Reason   string
}

func (e *WindowError) Error() string {
	return fmt.Sprintf("window from %s to %s: %s", e.From.Format(time.RFC3339), e.To.Format(time.RFC3339), e.Reason)
}
