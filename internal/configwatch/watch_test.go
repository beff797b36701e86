package configwatch_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/frontdesk-dev/frontdesk/internal/configwatch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const document = `version: "1.0"
tenant: {name: salon, displayName: NAME, timeZone: Europe/London}
policies:
  - name: hours
    hours: [{days: [Mon], spans: [{from: "09:00", to: "17:00"}]}]
    slots: {interval: 15m, anchor: SpanStart}
    notice: {maximumDays: 60}
    holds: {ttl: 5m}
    confirmation: Automatic
defaultPolicy: hours
database: {engine: SQLite, path: data.db}
`

func content(name string) string { return strings.Replace(document, "NAME", name, 1) }

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func start(t *testing.T, folder string, options configwatch.Options) <-chan configwatch.Update {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	updates, err := configwatch.Watch(ctx, folder, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		for range updates { // until the watch has closed it
		}
	})
	return updates
}

// next returns the next update within the limit, which is far above what is expected.
func next(t *testing.T, updates <-chan configwatch.Update) configwatch.Update {
	t.Helper()
	select {
	case update := <-updates:
		return update
	case <-time.After(10 * time.Second):
		t.Fatal("no update arrived")
		return configwatch.Update{}
	}
}

func displayName(t *testing.T, update configwatch.Update) string {
	t.Helper()
	if update.Err != nil {
		t.Fatalf("update was refused: %v", update.Err)
	}
	return update.Document.Tenant.DisplayName
}

// onlyNotifications makes the poll too slow to help.
var onlyNotifications = configwatch.Options{Poll: time.Hour}

func TestWatchSeesAnEditedFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, "tenant.yaml", content("First"))
	updates := start(t, folder, onlyNotifications)
	first := next(t, updates)
	if got := displayName(t, first); got != "First" {
		t.Fatalf("got %q", got)
	}
	write(t, folder, "tenant.yaml", content("Second"))
	second := next(t, updates)
	if got := displayName(t, second); got != "Second" {
		t.Fatalf("got %q", got)
	}
	if first.Revision == second.Revision {
		t.Fatal("a changed document must be another revision")
	}
}

// mount lays files out as kubelet does: names link through ..data to a folder that is swapped as a whole.
func mount(t *testing.T, folder, generation string, files map[string]string) {
	t.Helper()
	if err := swap(folder, generation, files); err != nil {
		t.Error(err)
	}
}

func swap(folder, generation string, files map[string]string) error {
	dir := filepath.Join(folder, "..gen_"+generation)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
		err := os.Symlink(filepath.Join("..data", name), filepath.Join(folder, name))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	temporary := filepath.Join(folder, "..data_tmp")
	if err := os.Symlink("..gen_"+generation, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(folder, "..data"))
}

func TestWatchSeesKubeletSwapTheMount(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	mount(t, folder, "1", map[string]string{"tenant.yaml": content("First"), "token": "a"})
	updates := start(t, folder, onlyNotifications)
	first := next(t, updates)
	mount(t, folder, "2", map[string]string{"tenant.yaml": content("First"), "token": "b"})
	second := next(t, updates)
	if displayName(t, second) != "First" || string(second.Bundle["token"]) != "b" {
		t.Fatalf("the rotated secret was not seen: %q", second.Bundle["token"])
	}
	if first.Revision == second.Revision {
		t.Fatal("a rotated secret must be another revision")
	}
}

func TestWatchNeverMixesTwoRevisions(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	files := func(n string) map[string]string {
		return map[string]string{"tenant.yaml": content("Name " + n), "a": n, "b": n, "c": n}
	}
	mount(t, folder, "0", files("0"))
	updates := start(t, folder, configwatch.Options{Poll: time.Millisecond, Settle: time.Microsecond})
	const swaps = 200
	go func() {
		for i := 1; i <= swaps; i++ {
			n := string(rune('0'+i%10)) + strings.Repeat("x", i%7)
			mount(t, folder, strconv.Itoa(i), files(n))
		}
		mount(t, folder, "last", files("last"))
	}()
	for {
		update := next(t, updates)
		if update.Err != nil {
			continue // "keeps changing" is an honest answer here
		}
		want := strings.TrimPrefix(update.Document.Tenant.DisplayName, "Name ")
		for _, name := range []string{"a", "b", "c"} {
			if got := string(update.Bundle[name]); got != want {
				t.Fatalf("%s is of revision %q, the document of %q", name, got, want)
			}
		}
		if want == "last" {
			return
		}
	}
}

func TestWatchReportsWhatIsWrong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	updates := start(t, folder, onlyNotifications)
	if update := next(t, updates); update.Err == nil || update.Revision != "" {
		t.Fatalf("an empty folder must be reported without a revision, got %+v", update)
	}
	write(t, folder, "tenant.yaml", strings.Replace(content("X"), "Europe/London", "Mars/Olympus", 1))
	update := next(t, updates)
	if update.Err == nil || !strings.Contains(update.Err.Error(), "tenant.timeZone") || update.Revision == "" {
		t.Fatalf("the fault must name its field and revision, got %+v", update)
	}
	write(t, folder, "tenant.yaml", content("Mended"))
	if got := displayName(t, next(t, updates)); got != "Mended" {
		t.Fatalf("got %q", got)
	}
}

func TestWatchFindsAFolderThatComesLater(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "later")
	updates := start(t, folder, configwatch.Options{Poll: 5 * time.Millisecond})
	if update := next(t, updates); update.Err == nil {
		t.Fatal("a missing folder must be reported")
	}
	staged := folder + ".staged"
	if err := os.Mkdir(staged, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, staged, "tenant.yaml", content("Here"))
	if err := os.Rename(staged, folder); err != nil {
		t.Fatal(err)
	}
	if got := displayName(t, next(t, updates)); got != "Here" {
		t.Fatalf("got %q", got)
	}
}

func TestWatchHandsASlowReceiverTheNewest(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, "tenant.yaml", content("First"))
	updates := start(t, folder, configwatch.Options{Poll: 20 * time.Millisecond})
	if got := displayName(t, next(t, updates)); got != "First" {
		t.Fatalf("got %q", got)
	}
	write(t, folder, "tenant.yaml", content("Second"))
	write(t, folder, "tenant.yaml", content("Third"))
	for displayName(t, next(t, updates)) != "Third" {
	}
	write(t, folder, "tenant.yaml", content("Third")) // the same content again is no update
	select {
	case update := <-updates:
		t.Fatalf("unexpected update %+v", update)
	case <-time.After(100 * time.Millisecond):
	}
}
