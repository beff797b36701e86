package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/forward"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/proc"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Op is what a request asks for.
type Op string

// The operations.
const (
	OpStatus  Op = "status"
	OpLoad    Op = "load"    // with the archive as file
	OpForward Op = "forward" // with the listener as file
	OpUnlink  Op = "unlink"
)

// Request asks the supervisor for something.
type Request struct {
	Op     Op              `json:"op"`
	Target *forward.Target `json:"target,omitempty"`
	// Address names the forward to remove.
	Address string `json:"address,omitempty"`
}

// Response is the supervisor's answer. Error is for people; the fields depend
// on the operation.
type Response struct {
	Error  string  `json:"error,omitempty"`
	Status *Status `json:"status,omitempty"`
	Output string  `json:"output,omitempty"`
}

// Status says how the cluster is doing.
type Status struct {
	// Ready means that everything answered just now.
	Ready bool `json:"ready"`
	// Starting is true until the cluster was ready for the first time.
	Starting bool `json:"starting"`
	// Failed is true when starting was given up; Message says why.
	Failed bool `json:"failed"`
	// Message is the step under way while starting, or what is wrong.
	Message    string            `json:"message"`
	Components []proc.Status     `json:"components"`
	Forwards   []forward.Forward `json:"forwards"`
	Since      time.Time         `json:"since"`
}

// Handler answers requests. The file, when there is one, is the handler's to
// close.
type Handler func(ctx context.Context, r Request, file *os.File) Response

// maxMessage bounds a request and an answer, in bytes.
const maxMessage = 128 << 10

// Serve answers requests on the cluster's socket until ctx ends.
func Serve(ctx context.Context, dir state.Dir, log *slog.Logger, handle Handler) error {
	if err := os.Remove(dir.Control()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("control socket: %w", err)
	}
	var listener *net.UnixListener
	err := dir.InShortPath("control.sock", func(path string) (err error) {
		listener, err = net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
		return err
	})
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	listener.SetUnlinkOnClose(false) // by the short path, which is gone
	if err := os.Chmod(dir.Control(), 0o600); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.AcceptUnix()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				if err := answer(ctx, conn, handle); err != nil {
					log.Warn("Control request failed", "error", err)
				}
			}()
		}
	}()
	return nil
}

func answer(ctx context.Context, conn *net.UnixConn, handle Handler) error {
	buf, oob := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(4))
	n, oobn, _, _, err := conn.ReadMsgUnix(buf, oob)
	if err != nil {
		return err
	}
	file, err := receivedFile(oob[:oobn])
	if err != nil {
		return err
	}
	var r Request
	var response Response
	if err := json.Unmarshal(buf[:n], &r); err != nil {
		response.Error = "malformed request: " + err.Error()
	} else {
		response = handle(ctx, r, file)
	}
	raw, err := json.Marshal(response)
	if err != nil {
		return err
	}
	_, err = conn.Write(raw)
	return err
}

func receivedFile(oob []byte) (*os.File, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil || len(fds) == 0 {
			continue
		}
		unix.CloseOnExec(fds[0])
		return os.NewFile(uintptr(fds[0]), "received"), nil
	}
	return nil, nil
}

// ErrNotRunning means that no supervisor answers.
var ErrNotRunning = errors.New("the cluster is not running")

// Call sends a request, with a file or nil, and returns the answer. An answer
// that carries an error is returned as one.
func Call(ctx context.Context, dir state.Dir, r Request, file *os.File) (Response, error) {
	var conn *net.UnixConn
	err := dir.InShortPath("control.sock", func(path string) (err error) {
		conn, err = net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: path, Net: "unixpacket"})
		return err
	})
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return Response{}, ErrNotRunning
	}
	if err != nil {
		return Response{}, fmt.Errorf("reach the supervisor: %w", err)
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	raw, err := json.Marshal(r)
	if err != nil {
		return Response{}, err
	}
	var rights []byte
	if file != nil {
		rights = unix.UnixRights(int(file.Fd()))
	}
	if _, _, err := conn.WriteMsgUnix(raw, rights, nil); err != nil {
		return Response{}, fmt.Errorf("ask the supervisor: %w", err)
	}
	buf := make([]byte, maxMessage)
	n, err := conn.Read(buf)
	if err != nil {
		return Response{}, fmt.Errorf("hear from the supervisor: %w", err)
	}
	var response Response
	if err := json.Unmarshal(buf[:n], &response); err != nil {
		return Response{}, fmt.Errorf("hear from the supervisor: %w", err)
	}
	if response.Error != "" {
		return response, errors.New(response.Error)
	}
	return response, nil
}
