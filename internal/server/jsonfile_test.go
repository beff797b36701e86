package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// TestJSONFileSurvivesSIGKILL kills the real binary while it is booking: what it acknowledged is there afterwards.
func TestJSONFileSurvivesSIGKILL(t *testing.T) {
	t.Parallel()
	binary, config, data := buildServer(t), t.TempDir(), t.TempDir()
	sample, err := os.ReadFile(filepath.Join(standalone, tenantconfig.DocumentKey))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(sample), "{engine: SQLite, path: frontdesk.db}", "{engine: JSONFile, path: frontdesk.json}", 1)
	if changed == string(sample) {
		t.Fatal("the sample names no database of the kind that this test replaces")
	}
	if err := os.WriteFile(filepath.Join(config, tenantconfig.DocumentKey), []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startWith(t, binary, config, data)
	acknowledged := bookUntilKilled(t, p)
	if err := <-p.ended; err == nil {
		t.Fatal("the server ended by itself")
	}
	again := startWith(t, binary, config, data)
	for _, id := range acknowledged {
		if status := get(again.public, "/api/v1/bookings/"+id, p.key); status != http.StatusOK {
			t.Errorf("acknowledged booking %s: %d after the kill", id, status)
		}
	}
	if text, err := os.ReadFile(filepath.Join(data, "frontdesk.json")); err != nil || !json.Valid(text) {
		t.Errorf("the data file is not whole: %v", err)
	}
}

// bookUntilKilled books from several clients, kills the server after some answers, and returns what it acknowledged.
func bookUntilKilled(t *testing.T, p *process) []string {
	t.Helper()
	const enough, clients = 20, 4
	var (
		mu    sync.Mutex
		ids   []string
		group sync.WaitGroup
	)
	book := func(start time.Time) (more bool) {
		id, err := bookAt(p, start)
		mu.Lock()
		defer mu.Unlock()
		if id != "" {
			ids = append(ids, id)
		}
		if len(ids) == enough {
			err = p.command.Process.Signal(syscall.SIGKILL)
		}
		return err == nil && len(ids) < 10*enough
	}
	for client := range clients {
		group.Go(func() {
			day := time.Now().AddDate(0, 0, 2+client*10).Truncate(24 * time.Hour)
			for i := range 10 * 24 { // most are outside opening hours, or taken, and refused
				if !book(day.Add(time.Duration(i) * time.Hour)) {
					return
				}
			}
		})
	}
	group.Wait()
	if len(ids) < enough {
		t.Fatalf("only %d bookings were acknowledged", len(ids))
	}
	return ids
}

// bookAt returns the id of a booking that was acknowledged; empty when it was refused. An error means that there is no
// answer.
func bookAt(p *process, start time.Time) (id string, err error) {
	body := fmt.Sprintf(`{"service":"checkup","start":%q,"customer":{"name":"Ann","email":"%s@example.com"}}`,
		start.Format(time.RFC3339), uuid.NewString())
	request, err := http.NewRequest(http.MethodPost, "http://"+p.public+"/api/v1/bookings", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("X-API-Key", p.key)
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: servertest.Patience}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct {
		Data struct{ ID string }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", err
	}
	return answer.Data.ID, nil
}
