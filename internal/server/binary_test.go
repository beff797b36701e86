package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

// buildServer builds cmd/server once for the tests of this package.
func buildServer(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "server")
	command := exec.Command("go", "build", "-o", path, "github.com/frontdesk-dev/frontdesk/cmd/server")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	return path
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// process is the real binary, running alone on the sample configuration.
type process struct {
	command          *exec.Cmd
	public, internal string
	key              string
	ended            chan error
}

func start(t *testing.T, binary, data string) *process {
	t.Helper()
	return startWith(t, binary, standalone, data)
}

// standalone is the configuration of a server that runs alone.
const standalone = "../../config/standalone"

func startWith(t *testing.T, binary, config, data string) *process {
	t.Helper()
	p := &process{public: freeAddress(t), internal: freeAddress(t), ended: make(chan error, 1)}
	p.command = exec.Command(binary, "--config", config, "--data", data,
		"--public-address", p.public, "--internal-address", p.internal, "--drain-delay", "200ms")
	output, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.command.Stderr = t.Output()
	began := time.Now()
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.command.Process.Kill() // it has ended by then, if the test went well
		for range p.ended {          // until it is closed
		}
	})
	lines := make(chan string, 100)
	go func() {
		scanner := bufio.NewScanner(output)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
		close(lines)
		p.ended <- p.command.Wait()
		close(p.ended)
	}()
	servertest.Eventually(t, "the server is ready", func() bool { return get(p.internal, "/readyz", "") == http.StatusOK })
	t.Logf("ready %s after the start of the process", time.Since(began).Round(time.Millisecond))
	for {
		select {
		case line := <-lines:
			if key := regexp.MustCompile(`fd_\w+`).FindString(line); key != "" {
				p.key = key
			}
			continue
		case <-time.After(50 * time.Millisecond): // ready means that the key, if there is one, was shown before
		}
		return p
	}
}

func get(address, path, key string) int {
	request, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return 0
	}
	request.Header.Set("X-API-Key", key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestBinaryStartsAloneAndFinishesOnSIGTERM(t *testing.T) {
	t.Parallel()
	binary, data := buildServer(t), t.TempDir()
	p := start(t, binary, data)
	if p.key == "" {
		t.Fatal("no API key was shown on first start")
	}
	id := bookAcrossSIGTERM(t, p)

	again := start(t, binary, data)
	if again.key != "" {
		t.Error("a key was shown on the second start")
	}
	if status := get(again.public, "/api/v1/bookings/"+id, p.key); status != http.StatusOK {
		t.Errorf("the acknowledged booking is gone after a restart: %d", status)
	}
	stored, err := os.ReadFile(filepath.Join(data, "api-key.json"))
	if err != nil || strings.Contains(string(stored), p.key) {
		t.Errorf("the key is kept in clear text, or not at all (%v)", err)
	}
	if err := again.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-again.ended; err != nil {
		t.Errorf("exit: %v", err)
	}
}

// bookAcrossSIGTERM sends half a request, then the signal, then the other half, and returns the booking's id.
func bookAcrossSIGTERM(t *testing.T, p *process) string {
	t.Helper()
	body := fmt.Sprintf(`{"service":"checkup","start":%q,"customer":{"name":"Ann","email":"ann@example.com"}}`, firstSlot(t, p))
	connection, err := net.Dial("tcp", p.public)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	half := len(body) / 2
	_, err = fmt.Fprintf(connection, "POST /api/v1/bookings HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", p.key, len(body), body[:half])
	if err != nil {
		t.Fatal(err)
	}
	servertest.Eventually(t, "the request is in flight", func() bool {
		return strings.Contains(read(t, "http://"+p.internal+"/metrics"), "frontdesk_http_requests_in_flight 1")
	})
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	servertest.Eventually(t, "readiness is off", func() bool { return get(p.internal, "/readyz", "") == http.StatusServiceUnavailable })
	servertest.Eventually(t, "the listener is closed", func() bool { return get(p.public, "/health/quick", "") == 0 })
	if _, err := io.WriteString(connection, body[half:]); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatalf("the request in flight was cut off: %v", err)
	}
	defer response.Body.Close()
	var answer struct {
		OK   bool
		Data struct{ ID string }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("the request in flight: %s %v", response.Status, err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("exit: %v", err)
		}
	case <-time.After(servertest.Patience):
		t.Fatal("the process did not end")
	}
	return answer.Data.ID
}

func firstSlot(t *testing.T, p *process) string {
	t.Helper()
	from := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+p.public+"/api/v1/slots?service=checkup&limit=1&from="+from+"&to="+
		time.Now().AddDate(0, 0, 20).Format(time.DateOnly), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-API-Key", p.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Data struct{ Slots []struct{ Start string } }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Data.Slots) == 0 {
		t.Fatalf("no slots: %s %v", response.Status, err)
	}
	return answer.Data.Slots[0].Start
}

func read(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
