// Package servertest starts real servers for tests: real configuration folders, real listeners, a real
// database, spoken to over HTTP.
package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/server"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Patience bounds every wait of a test; it is far above what is expected.
const Patience = 20 * time.Second

// Deadline bounds every request, for the server and for the client. Neither the race detector nor other tests on a busy
// machine should make one fail that is answered in the end. Tests of time limits set Options.WithTimeout to that of
// context.
const Deadline = 3 * time.Minute

func patient(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, Deadline)
}

// StatusToken is the bearer token of the status endpoint in Bundle.
const StatusToken = "status-token-of-the-test"

// Server is a running server.
type Server struct {
	t testing.TB
	*server.Server
	// Folder is the configuration folder.
	Folder string
	// Public and Internal are base URLs.
	Public, Internal string
	// Key may do everything, Reader only read.
	Key, Reader         auth.Key
	keyHash, readerHash string // made once: bcrypt salts, and the same document must be the same revision
	// Client speaks to this server; each test has its own connections.
	Client *http.Client
	stop   context.CancelFunc
	ended  chan error
}

// Start runs a server on the bundle until the test ends. Change may adjust the options.
func Start(t testing.TB, change func(*tenantconfig.Document), options ...func(*server.Options)) *Server {
	t.Helper()
	s := &Server{t: t, Folder: t.TempDir(), Key: newKey(t), Reader: newKey(t), ended: make(chan error, 1)}
	s.keyHash, s.readerHash = Hash(t, s.Key), Hash(t, s.Reader)
	s.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: Deadline,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if change != nil {
		s.Configure(change)
	}
	settings := server.Options{
		ConfigFolder: s.Folder, PublicAddress: "127.0.0.1:0", InternalAddress: "127.0.0.1:0", Logger: logger(t), WithTimeout: patient,
	}
	for _, option := range options {
		option(&settings)
	}
	started, err := server.New(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = started
	s.Public, s.Internal = "http://"+started.PublicAddr().String(), "http://"+started.InternalAddr().String()
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	go func() { s.ended <- started.Run(ctx) }()
	t.Cleanup(func() {
		s.Client.CloseIdleConnections()
		if err := s.Stop(); err != nil {
			t.Errorf("the server did not stop cleanly: %v", err)
		}
	})
	if change != nil {
		s.AwaitReady()
	}
	return s
}

func newKey(t testing.TB) auth.Key {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Hash returns a cheap bcrypt hash of a key.
func Hash(t testing.TB, key auth.Key) string {
	t.Helper()
	hash, err := key.Hash(bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// Ask begins to stop the server and does not wait.
func (s *Server) Ask() { s.stop() }

// Stop stops the server and returns what Run returned. It may be called again.
func (s *Server) Stop() error {
	s.stop()
	err := <-s.ended
	s.ended <- err
	return err
}

// StopAnyhow is Stop for a server that is expected not to end cleanly: the test's end does not ask again.
func (s *Server) StopAnyhow() error {
	s.stop()
	err := <-s.ended
	s.ended <- nil
	return err
}

// Document is a small business in London, open every day from 09:00 to 17:00, on SQLite in the folder.
func (s *Server) Document() *tenantconfig.Document {
	everyDay := []tenantconfig.Weekday{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
	return &tenantconfig.Document{
		Version: tenantconfig.Current(),
		Tenant:  tenantconfig.Tenant{Name: "salon", DisplayName: "Salon Ada", TimeZone: "Europe/London", Locale: "en-GB", Region: "GB"},
		Policies: []tenantconfig.Policy{{
			Name:         "hours",
			Hours:        []tenantconfig.Hours{{Days: everyDay, Spans: []tenantconfig.Span{{From: 9 * 60, To: 17 * 60}}}},
			Slots:        tenantconfig.SlotGrid{Interval: tenantconfig.Duration(30 * time.Minute), Anchor: tenantconfig.AnchorSpanStart},
			Notice:       tenantconfig.Notice{MaximumDays: 60},
			Holds:        tenantconfig.Holds{TTL: tenantconfig.Duration(5 * time.Minute)},
			Cancellation: tenantconfig.Cancellation{Until: tenantconfig.Duration(time.Hour)},
			Confirmation: tenantconfig.ConfirmAutomatic,
		}},
		DefaultPolicy: "hours",
		Resources: []tenantconfig.Resource{
			{ID: "ada", Kind: tenantconfig.ResourceStaff, Name: "Ada", Capacity: 1},
			{ID: "chair", Kind: tenantconfig.ResourceEquipment, Name: "Chair", Capacity: 2},
		},
		Services: []tenantconfig.Service{
			{ID: "cut", Name: "Cut", Description: "With a wash.", Duration: tenantconfig.Duration(30 * time.Minute), GroupSize: 1, Requires: []tenantconfig.Requirement{{AnyOf: []string{"ada"}}}},
			{ID: "wash", Name: "Wash", Duration: tenantconfig.Duration(30 * time.Minute), GroupSize: 1, Requires: []tenantconfig.Requirement{{AnyOf: []string{"chair"}}}},
		},
		Database: tenantconfig.Database{Engine: tenantconfig.EngineSQLite, Path: filepath.Join(s.Folder, ".data", "salon.db")},
		Access: tenantconfig.Access{
			Keys: []tenantconfig.APIKey{
				{ID: s.Key.ID, Hash: s.keyHash, Name: "owner", Scopes: []string{string(auth.ScopeAdmin)}},
				{ID: s.Reader.ID, Hash: s.readerHash, Name: "reader", Scopes: []string{string(auth.ScopeBookingsRead)}},
			},
			// Far above what a test sends, but for those about limits.
			RateLimit:      tenantconfig.RateLimit{RequestsPerMinute: 6_000_000, Burst: 100_000},
			SessionKey:     "session",
			StatusTokenKey: "token",
		},
	}
}

// Configure writes the document, after a change, and its secrets; it returns the revision.
func (s *Server) Configure(change func(*tenantconfig.Document), secrets ...string) string {
	s.t.Helper()
	bundle := s.Bundle(change, secrets...)
	for name, value := range bundle {
		s.Write(name, value)
	}
	return bundle.Revision()
}

// Bundle is what Configure writes. Secrets are names and values in turn.
func (s *Server) Bundle(change func(*tenantconfig.Document), secrets ...string) tenantconfig.Bundle {
	s.t.Helper()
	document := s.Document()
	change(document)
	text, err := document.Marshal()
	if err != nil {
		s.t.Fatal(err)
	}
	bundle := tenantconfig.Bundle{
		"session": []byte("session-secret-of-the-test"), "token": []byte(StatusToken), tenantconfig.DocumentKey: text,
	}
	for i := 0; i+1 < len(secrets); i += 2 {
		bundle[secrets[i]] = []byte(secrets[i+1])
	}
	return bundle
}

// Write replaces one file of the configuration folder.
func (s *Server) Write(name string, content []byte) {
	s.t.Helper()
	temporary := filepath.Join(s.Folder, "."+name)
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(s.Folder, name)); err != nil {
		s.t.Fatal(err)
	}
}

// Unchanged configures the document as it is.
func Unchanged(*tenantconfig.Document) {}

// Eventually polls a condition.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("still not true: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// AwaitReady waits until the server reports itself ready.
func (s *Server) AwaitReady() {
	s.t.Helper()
	Eventually(s.t, "the server is ready", func() bool { return s.InternalStatus("/readyz") == http.StatusOK })
}

// InternalStatus returns the status of a GET on the internal port; 0 when nobody answers.
func (s *Server) InternalStatus(path string) int {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.Internal+path, nil)
	if err != nil {
		return 0
	}
	response, err := s.Client.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// Status asks the internal status endpoint; until may be empty.
func (s *Server) Status(until string) tenantconfig.Status {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.Internal+tenantconfig.StatusPath+"?until="+until, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+StatusToken)
	client := &http.Client{Timeout: tenantconfig.StatusWait + Patience}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		s.t.Fatalf("status endpoint answered %s", response.Status)
	}
	var status tenantconfig.Status
	if err := json.NewDecoder(response.Body).Decode(&status); err != nil {
		s.t.Fatal(err)
	}
	return status
}

// Answer is an answer of the API.
type Answer struct {
	Status int         `json:"-"`
	Header http.Header `json:"-"`
	Raw    []byte      `json:"-"`
	// Close says that the server asked to end the connection.
	Close bool `json:"-"`

	OK     bool            `json:"ok"`
	Data   json.RawMessage `json:"data"`
	Error  string          `json:"error"`
	Code   string          `json:"code"`
	Detail map[string]any  `json:"details"`
}

// Request is a request to the API. Body is sent as JSON unless it is a string, an io.Reader or nil.
type Request struct {
	Method, Path string
	Body         any
	Header       map[string]string
	// Key is sent as X-API-Key; empty for the key that may do everything, "none" for none.
	Key string
}

// Send sends a request and reads the answer; it fails the test when the answer has not the common shape.
func (s *Server) Send(r Request) Answer {
	s.t.Helper()
	answer, err := s.TrySend(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer
}

// TrySend is Send for goroutines and for servers that may be gone.
func (s *Server) TrySend(r Request) (Answer, error) {
	var body io.Reader
	switch content := r.Body.(type) {
	case nil:
	case string:
		body = bytes.NewReader([]byte(content))
	case io.Reader:
		body = content
	default:
		encoded, err := json.Marshal(content)
		if err != nil {
			return Answer{}, err
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(context.Background(), r.Method, s.Public+r.Path, body)
	if err != nil {
		return Answer{}, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	switch r.Key {
	case "":
		request.Header.Set("X-API-Key", s.Key.Reveal())
	case "none":
	default:
		request.Header.Set("X-API-Key", r.Key)
	}
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	response, err := s.Client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	answer := Answer{Status: response.StatusCode, Header: response.Header, Close: response.Close}
	if answer.Raw, err = io.ReadAll(response.Body); err != nil {
		return answer, err
	}
	if answer.Status == http.StatusNotModified && len(answer.Raw) == 0 {
		return answer, nil
	}
	return answer, json.Unmarshal(answer.Raw, &answer)
}

// Get sends a GET.
func (s *Server) Get(path string) Answer {
	s.t.Helper()
	return s.Send(Request{Method: http.MethodGet, Path: path})
}

// Into decodes the data of a successful answer.
func Into[T any](t *testing.T, answer Answer) T {
	t.Helper()
	var data T
	if !answer.OK {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	if err := json.Unmarshal(answer.Data, &data); err != nil {
		t.Fatal(err)
	}
	return data
}

// logger writes the server's log into the test's output, until the test has ended.
func logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}
