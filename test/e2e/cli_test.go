//go:build e2e

package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/command"
)

// plugin runs `kubectl frontdesk` for one tenant's namespace.
type plugin struct{ tenancy }

// start runs it with writers of the caller's, until it ends or the context does.
func (p plugin) start(ctx context.Context, out, errOut *safeBuffer, args ...string) int {
	args = append(args, "-n", p.namespace, "--kubeconfig", filepath.Join(p.cluster.stateDir, "kubeconfig"))
	return command.Run(ctx, args, genericiooptions.IOStreams{In: strings.NewReader(""), Out: out, ErrOut: errOut})
}

// run demands an exit code and returns what was printed.
func (p plugin) run(code int, args ...string) (out, errOut string) {
	p.t.Helper()
	var o, e safeBuffer
	if got := p.start(p.t.Context(), &o, &e, args...); got != code {
		p.t.Fatalf("kubectl frontdesk %s: exit code %d, want %d\n%s\n%s", strings.Join(args, " "), got, code, o.String(), e.String())
	}
	return o.String(), e.String()
}

// safeBuffer may be read while it is written.
type safeBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func TestPluginReachesATenant(t *testing.T) {
	t.Parallel()
	p := plugin{newPlainTenant(t)}

	out, _ := p.run(0, "status", "plain")
	if !strings.Contains(out, "✓ ready (Ready)") {
		t.Errorf("status of a healthy tenant:\n%s", out)
	}
	p.keys()
	p.book()
	p.logs()
	p.openDashboard()
	p.report()
}

// keys makes a key, uses it, rotates it and revokes it.
func (p plugin) keys() {
	p.t.Helper()
	key, _ := p.run(0, "keys", "create", "plain", "--name", "CRM", "--scope", "bookings:read", "-q")
	api := p.api()
	reads := func(key string) bool {
		with := *api
		with.Key = strings.TrimSpace(key)
		_, err := with.Slots(p.t.Context(), "visit", time.Now(), time.Now().Add(48*time.Hour))
		return err == nil
	}
	if !reads(key) {
		p.t.Fatal("the key that was made is not taken")
	}
	id := strings.Split(key, "_")[1]
	rotated, _ := p.run(0, "keys", "rotate", "plain", id, "-q")
	if reads(key) || !reads(rotated) {
		p.t.Error("after a rotation the old key is good, or the new one is not")
	}
	p.run(0, "keys", "revoke", "plain", id)
	if reads(rotated) {
		p.t.Error("a revoked key is good")
	}
	list, _ := p.run(0, "keys", "list", "plain")
	if !strings.Contains(list, id) || !strings.Contains(list, "revoked") || strings.Contains(list, strings.Split(strings.TrimSpace(rotated), "_")[2]) {
		p.t.Errorf("the list of keys:\n%s", list)
	}
	p.run(1, "keys", "revoke", "plain", "nosuchkey000")
}

// book takes a slot that is listed, and is offered others when it is taken.
func (p plugin) book() {
	p.t.Helper()
	listed, _ := p.run(0, "book", "plain", "--list", "--service", "visit", "--limit", "3", "--from", time.Now().Add(48*time.Hour).Format(time.DateOnly))
	fields := strings.Fields(strings.SplitN(listed, "\n", 2)[0]) // Mon 2026-11-23 09:00 desk
	if len(fields) < 3 {
		p.t.Fatalf("no free time in %q", listed)
	}
	wish := []string{"book", "plain", "--service", "visit", "--at", fields[1] + " " + fields[2], "--name", "Ann Miller", "--phone", "02079460123"}
	if made, _ := p.run(0, wish...); !strings.Contains(made, "confirmed: Visit for Ann Miller on "+strings.Join(fields[:3], " ")) {
		p.t.Errorf("the booking: %s", made)
	}
	others, said := p.run(1, wish...)
	if !strings.Contains(said, "SLOT_TAKEN") || !strings.Contains(others, "desk") || strings.Contains(others, fields[1]+" "+fields[2]) {
		p.t.Errorf("a time that is taken: %s\n%s", said, others)
	}
}

func (p plugin) logs() {
	p.t.Helper()
	if lines, _ := p.run(0, "logs", "plain", "--since", "1h"); !strings.HasPrefix(lines, "[") || !strings.Contains(lines, "msg") {
		p.t.Errorf("the logs:\n%.500s", lines)
	}
	ctx, cancel := context.WithCancel(p.t.Context())
	var out, errOut safeBuffer
	ended := make(chan int, 1)
	go func() { ended <- p.start(ctx, &out, &errOut, "logs", "plain", "-f") }()
	eventually(p.t, time.Minute, func() error {
		if out.String() == "" {
			return fmt.Errorf("no line yet: %s", errOut.String())
		}
		return nil
	})
	cancel()
	if code := <-ended; code != 0 {
		p.t.Errorf("logs -f ended with %d: %s", code, errOut.String())
	}
}

// openDashboard reaches it, also after the pod behind it was replaced.
func (p plugin) openDashboard() {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	defer cancel()
	var out, errOut safeBuffer
	ended := make(chan int, 1)
	go func() { ended <- p.start(ctx, &out, &errOut, "open", "plain", "--no-browser") }()
	reached := func() error {
		address, _, printed := strings.Cut(out.String(), "\n")
		if !printed {
			return fmt.Errorf("no address yet: %s", errOut.String())
		}
		request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			return err
		}
		answer, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", address, answer.Status)
		}
		return nil
	}
	eventually(p.t, time.Minute, reached)
	if _, err := p.kubectl.Run(p.t.Context(), "delete", "pod", "-n", p.namespace, "-l", "frontdesk.dev/tenant=plain"); err != nil {
		p.t.Fatal(err)
	}
	p.awaitReady()
	eventually(p.t, time.Minute, reached)
	cancel()
	if code := <-ended; code != 0 {
		p.t.Errorf("open ended with %d: %s", code, errOut.String())
	}
}

// report has what the server says of itself, and no phone number of those who booked.
func (p plugin) report() {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), "report.zip")
	p.run(0, "report", "plain", "-o", path)
	archive, err := zip.OpenReader(path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer archive.Close()
	found := map[string]bool{}
	for _, file := range archive.File {
		found[strings.SplitN(file.Name, "/", 2)[0]] = true
		reader, err := file.Open()
		if err != nil {
			p.t.Fatal(err)
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(reader); err != nil {
			p.t.Fatal(err)
		}
		if strings.Contains(text.String(), "2079460123") {
			p.t.Errorf("%s holds a phone number", file.Name)
		}
	}
	for _, part := range []string{"servers", "logs", "operator", "pods", "objects", "tenant.yaml", "MANIFEST.txt"} {
		if !found[part] {
			p.t.Errorf("there is no %s in the report", part)
		}
	}
}

func TestPluginSuspendsAndResumes(t *testing.T) {
	t.Parallel()
	p := plugin{newPlainTenant(t)}
	p.run(0, "suspend", "plain", "--wait")
	// A pod whose containers have ended is there a moment longer.
	eventually(t, time.Minute, func() error {
		if out, _ := p.run(0, "status", "plain"); !strings.Contains(out, "pods: none") {
			return fmt.Errorf("a suspended tenant has pods:\n%s", out)
		}
		return nil
	})
	if _, said := p.run(2, "book", "plain", "--list"); !strings.Contains(said, "is suspended") {
		t.Errorf("a booking with a suspended tenant: %s", said)
	}
	p.run(0, "resume", "plain", "--wait")
	p.run(0, "book", "plain", "--list")

	manifest := filepath.Join(t.TempDir(), "plain.yaml")
	writeFile(t, manifest, plainTenant)
	p.run(0, "diff", "-f", manifest)
	writeFile(t, manifest, plainTenant+"  server: {pod: {labels: {team: north}}}\n")
	if out, _ := p.run(1, "diff", "-f", manifest); !strings.Contains(out, "its pods are restarted") {
		t.Errorf("a change of the pod template:\n%s", out)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
