package control_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/control"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// TestCallCarriesAFile uses a path that is too long for a socket's address.
func TestCallCarriesAFile(t *testing.T) {
	t.Parallel()
	dir, err := state.Open(filepath.Join(t.TempDir(), strings.Repeat("long", 40)))
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.Make(); err != nil {
		t.Fatal(err)
	}
	if _, err := control.Call(t.Context(), dir, control.Request{Op: control.OpStatus}, nil); !errors.Is(err, control.ErrNotRunning) {
		t.Fatalf("nobody serves: got %v, want ErrNotRunning", err)
	}
	handle := func(_ context.Context, r control.Request, file *os.File) control.Response {
		if file == nil {
			return control.Response{Error: "no file with " + string(r.Op)}
		}
		defer func() { _ = file.Close() }()
		raw, err := io.ReadAll(file)
		if err != nil {
			return control.Response{Error: err.Error()}
		}
		return control.Response{Output: string(raw)}
	}
	if err := control.Serve(t.Context(), dir, slog.New(slog.DiscardHandler), handle); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	response, err := control.Call(t.Context(), dir, control.Request{Op: control.OpLoad}, file)
	if err != nil || response.Output != "content" {
		t.Errorf("got %+v, %v", response, err)
	}
	if _, err := control.Call(t.Context(), dir, control.Request{Op: control.OpLoad}, nil); err == nil || err.Error() != "no file with load" {
		t.Errorf("an answer with an error: got %v", err)
	}
}
