package dashboard_test

import (
	"context"
	"iter"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// browser starts a real Chromium.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: run make deps")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	limited, cancelLimit := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("close the browser: %v", err)
		}
		cancelLimit()
		cancel()
		cancelAllocator()
	})
	return limited
}

// tab is one page of the browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func (b tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b tab) text(selector string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

// shoot keeps what the browser shows where go test is told to, and checks that nothing is wider than the
// window, which on a phone would mean to scroll sideways.
func (b tab) shoot(name string, width, height int64, scheme string) {
	b.t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	b.do(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, media)
		return err
	}))
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
	overflows, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
	if err != nil || overflows {
		b.t.Errorf("%s: wider than the window: %v %v", name, overflows, err)
	}
}

func TestOwnerSeesTheDayInABrowser(t *testing.T) {
	s := start(t, func(d *tenantconfig.Document) {
		d.Tenant.DisplayName = "Bright Smile Dental"
		d.Resources[0].Name, d.Resources[1].Name, d.Resources[1].Kind = "Dr Khan", "Room 2", tenantconfig.ResourceRoom
		d.Services[0].Name, d.Services[1].Name = "Check-up", "Hygienist"
		d.Services[1].Requires = append(d.Services[1].Requires, tenantconfig.Requirement{AnyOf: []string{"ada"}})
	})
	b := tab{t, browser(t)}
	complaints := chromedp.Console(b.ctx) // what the page's own security policy blocks, and every other fault
	b.do(chromedp.Navigate(s.Public+"/"), chromedp.WaitVisible(chromedp.CSS("#key")))
	b.shoot("login", 1280, 720, "light")
	b.do(chromedp.SendKeys(chromedp.CSS("#key"), s.Reader.Reveal()+"\r"), chromedp.WaitVisible(chromedp.CSS(".empty")))
	b.shoot("empty", 1280, 720, "light")
	b.shoot("empty-phone", 390, 780, "dark")
	if heading, empty := b.text("h1"), b.text(".empty h2"); heading != "Monday 10 March 2031" || empty != "No bookings today" {
		t.Errorf("the page shows %q and %q", heading, empty)
	}

	fill(t, s)
	b.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("table")))
	b.shoot("day", 1280, 860, "light")
	b.shoot("day-dark", 1280, 860, "dark")
	b.shoot("day-phone", 390, 844, "light")
	b.shoot("day-narrow", 320, 700, "dark")
	rows := b.text("tbody")
	for _, want := range []string{"Ann Miller", "<b>Bob</b> O’Neill", "Check-up", "Dr Khan", "Confirmed", "Cancelled"} {
		if !strings.Contains(rows, want) {
			t.Errorf("the day does not show %q: %s", want, rows)
		}
	}

	b.do(chromedp.Navigate(s.Public+"/docs"), chromedp.WaitVisible(chromedp.CSS("article")))
	b.shoot("docs", 1280, 900, "light")
	b.shoot("docs-phone", 390, 844, "dark")
	b.do(chromedp.Navigate(s.Public+"/dashboard"), chromedp.WaitVisible(chromedp.CSS("table")),
		chromedp.Click(chromedp.CSS("header button")), chromedp.WaitVisible(chromedp.CSS("#key")),
		chromedp.Navigate(s.Public+"/dashboard"), chromedp.WaitVisible(chromedp.CSS("#key"))) // signed out means signed out
	checkConsole(t, b, complaints)
}

// checkConsole reads the console up to a message of its own, and fails for every fault before it.
func checkConsole(t *testing.T, b tab, messages iter.Seq2[chromedp.ConsoleMessage, error]) {
	t.Helper()
	const last = "the test has ended"
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Evaluate[any](`console.log("`+last+`")`)(ctx, target)
		return err
	}))
	for message, err := range messages {
		if err != nil {
			t.Fatal(err)
		}
		if message.Text == last {
			return
		}
		if message.Type == "error" || message.IsException() {
			t.Errorf("the browser complains: %s (%s)", message.Text, message.URL)
		}
	}
}

func fill(t *testing.T, s *servertest.Server) {
	t.Helper()
	book(t, s, "cut", "Ann Miller", "2031-03-10T10:00:00Z", "First visit, a little nervous")
	book(t, s, "wash", "<b>Bob</b> O’Neill", "2031-03-10T11:00:00Z", "")
	cancelled := book(t, s, "cut", "Chidi Okafor", "2031-03-10T12:30:00Z", "")
	s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/" + cancelled + "/cancel", Body: `{"reason":"Fell ill"}`})
	book(t, s, "cut", "Daniela Fernández-Montgomery-Featherstonehaugh", "2031-03-10T14:00:00Z", "")
	book(t, s, "cut", "يوسف الحداد", "2031-03-10T15:30:00Z", "Speaks Arabic")
}
