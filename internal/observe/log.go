package observe

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
)

// The log formats.
const (
	LogJSON = "json"
	LogText = "text"
)

// NewLogger returns a logger that adds the correlation id of the context to every line. Warnings and worse do not wait in
// an out that holds lines back.
func NewLogger(out io.Writer, format string) (*slog.Logger, error) {
	lines, _ := out.(*Lines)
	switch format {
	case LogJSON:
		return slog.New(correlated{slog.NewJSONHandler(out, nil), lines}), nil
	case LogText:
		return slog.New(correlated{slog.NewTextHandler(out, nil), lines}), nil
	}
	return nil, fmt.Errorf("unknown log format %q: use %s or %s", format, LogJSON, LogText)
}

// correlated is a handler that adds the context's correlation id.
type correlated struct {
	slog.Handler
	lines *Lines // nil where none are held back
}

func (h correlated) Handle(ctx context.Context, record slog.Record) error {
	if id := CorrelationID(ctx); id != "" {
		record.AddAttrs(slog.String("correlation_id", id))
	}
	err := h.Handler.Handle(ctx, record)
	if h.lines != nil && record.Level >= slog.LevelWarn {
		h.lines.Flush()
	}
	return err
}

func (h correlated) WithAttrs(attrs []slog.Attr) slog.Handler {
	return correlated{h.Handler.WithAttrs(attrs), h.lines}
}

func (h correlated) WithGroup(name string) slog.Handler {
	return correlated{h.Handler.WithGroup(name), h.lines}
}

// CorrelationHeader carries the correlation id in and out.
const CorrelationHeader = "X-Correlation-ID"

// maxCorrelationID bounds an id that comes from outside.
const maxCorrelationID = 128

// trusted says whether an id can stand in a log line and a header as it is.
func trusted(id string) bool {
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '.' && c != '_' && c != ':' && c != '-' {
			return false
		}
	}
	return id != "" && len(id) <= maxCorrelationID
}

// Correlate returns a context with the proposed correlation id, or with a new one when that cannot be
// trusted in a log line.
func Correlate(ctx context.Context, proposed string) (context.Context, string) {
	id := proposed
	if !trusted(id) {
		id = "req_" + rand.Text()
	}
	return context.WithValue(ctx, correlationKey{}, id), id
}

type correlationKey struct{}

// CorrelationID returns the context's correlation id, or "".
func CorrelationID(ctx context.Context) string {
	id, _ := ctx.Value(correlationKey{}).(string)
	return id
}
