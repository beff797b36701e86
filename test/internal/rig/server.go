package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// startTimeout bounds the start of one process on a busy machine.
const startTimeout = time.Minute

// readyPoll is how often a starting server is asked whether it is ready; it bounds how exact a measured start is.
const readyPoll = 2 * time.Millisecond

// statusToken opens the server's internal status and profiles.
const statusToken = "status-token-of-the-rig"

// Server is the real server binary with a configuration folder of its own. It can be killed and started again.
type Server struct {
	// Public and Internal are host:port and stay the same over restarts.
	Public, Internal string
	// Key may do everything.
	Key     string
	binary  string
	folder  string
	config  string // folder
	process *Process
}

// NewServer prepares a server for a document: its configuration folder below folder, and a key. databaseURL is for
// Postgres and empty for SQLite, whose file is then below folder. It does not start it.
func NewServer(ctx context.Context, binary, folder string, document *tenantconfig.Document, databaseURL string) (*Server, error) {
	s := &Server{binary: binary, folder: folder, config: filepath.Join(folder, "config")}
	key, err := auth.GenerateKey()
	if err != nil {
		return nil, err
	}
	hash, err := key.Hash(bcrypt.MinCost)
	if err != nil {
		return nil, err
	}
	s.Key = key.Reveal()
	copied := *document
	copied.Access.Keys = []tenantconfig.APIKey{{ID: key.ID, Hash: hash, Name: "rig", Scopes: []string{string(auth.ScopeAdmin)}}}
	copied.Access.StatusTokenKey = "token"
	files := map[string]string{"token": statusToken}
	if databaseURL != "" {
		copied.Database = tenantconfig.Database{Engine: tenantconfig.EnginePostgres, URLKey: "database-url"}
		files["database-url"] = databaseURL
	} else {
		copied.Database = tenantconfig.Database{Engine: tenantconfig.EngineSQLite, Path: s.SQLitePath()}
	}
	text, err := copied.Marshal()
	if err != nil {
		return nil, err
	}
	files[tenantconfig.DocumentKey] = string(text)
	if err := os.MkdirAll(s.config, 0o700); err != nil {
		return nil, err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(s.config, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	for _, address := range []*string{&s.Public, &s.Internal} {
		if *address, err = FreeAddress(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// SQLitePath is where the database is that a server without Postgres keeps.
func (s *Server) SQLitePath() string { return filepath.Join(s.folder, "frontdesk.db") }

// Start starts the binary and waits until it is ready. It returns the time from the one to the other.
func (s *Server) Start(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	process, err := Start(exec.CommandContext(context.WithoutCancel(ctx), s.binary, "--config", s.config, "--data", s.folder,
		"--public-address", s.Public, "--internal-address", s.Internal, "--drain-delay", "0s"), s.folder)
	if err != nil {
		return 0, err
	}
	s.process = process
	if err := AwaitOK(ctx, process, "http://"+s.Internal+"/readyz"); err != nil {
		return 0, err
	}
	return time.Since(began), nil
}

// AwaitOK polls an address until it answers 200. It fails when the process ends first.
func AwaitOK(ctx context.Context, process *Process, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	for {
		if answersOK(ctx, url) {
			return nil
		}
		select {
		case <-process.Exited():
			return fmt.Errorf("%s ended while starting:\n%s", process.command.Path, process.LogTail())
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready in time: %w\n%s", process.command.Path, ctx.Err(), process.LogTail())
		case <-ticker.C:
		}
	}
}

func answersOK(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// Kill ends the server by SIGKILL.
func (s *Server) Kill() error { return s.process.Kill() }

// Stop lets the server drain and end.
func (s *Server) Stop() error { return s.process.Stop() }

// LogTail is the end of the server's log.
func (s *Server) LogTail() string { return s.process.LogTail() }

// RSS is the server's resident memory in MiB.
func (s *Server) RSS() (float64, error) { return s.process.RSS() }

// CPU is the processor time that the server has used.
func (s *Server) CPU() (time.Duration, error) {
	own, _, err := CPU(s.process.Pid())
	return own, err
}

// FreeAddress is a loopback address that nobody listens on.
func FreeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// Profile writes a processor profile of the server, as it works in the given time, to a file.
func (s *Server) Profile(ctx context.Context, path string, length time.Duration) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.Internal, max(1, int(length.Seconds()))), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+statusToken)
	return SaveProfile(request, path)
}

// SaveProfile writes what a process answers, which is a profile of it, to a file.
func SaveProfile(request *http.Request, path string) (err error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", request.URL, response.Status)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = io.Copy(file, response.Body)
	return err
}

// ShareConfiguration makes a server that was not started yet a replica of another one: same configuration, same key.
func (s *Server) ShareConfiguration(of *Server) error {
	if err := os.RemoveAll(s.config); err != nil {
		return err
	}
	s.config, s.Key = of.config, of.Key
	return nil
}
