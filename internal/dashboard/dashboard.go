package dashboard

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

//go:embed templates assets
var files embed.FS

const securityPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Dashboard serves the pages under /dashboard.
type Dashboard struct {
	logger *slog.Logger
	clock  func() time.Time
	origin *http.CrossOriginProtection
	pages  map[string]*template.Template
}

// New returns the dashboard. The clock says which day is today.
func New(logger *slog.Logger, clock func() time.Time) *Dashboard {
	d := &Dashboard{logger: logger, clock: clock, origin: http.NewCrossOriginProtection(), pages: map[string]*template.Template{}}
	for _, page := range []string{"login", "day", "message"} {
		d.pages[page] = template.Must(template.ParseFS(files, "templates/layout.html", "templates/"+page+".html"))
	}
	return d
}

// Routes returns the pages, to be mounted on /dashboard behind tenant.Holder.Bind.
func (d *Dashboard) Routes() http.Handler {
	assets, err := fs.Sub(files, "assets")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	router := chi.NewRouter()
	router.Use(d.protect)
	router.NotFound(func(w http.ResponseWriter, r *http.Request) {
		d.message(w, r, http.StatusNotFound, "There is no such page", "The address may be mistyped.")
	})
	router.Get("/", d.day)
	router.Get("/login", d.loginPage)
	router.Post("/login", d.login)
	router.Post("/logout", d.logout)
	router.Method(http.MethodGet, "/assets/*", cached(http.StripPrefix("/dashboard/assets/", http.FileServerFS(assets))))
	return router
}

// NotConfigured answers while the server has no valid configuration.
func (d *Dashboard) NotConfigured(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", securityPolicy)
	w.Header().Set("Retry-After", "2")
	d.message(w, r, http.StatusServiceUnavailable, "Not ready yet", "This service has no valid configuration yet. Reload the page in a moment.")
}

func (d *Dashboard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", securityPolicy)
		if err := d.origin.Check(r); err != nil {
			d.message(w, r, http.StatusForbidden, "That form came from another site", "Open the dashboard itself and try again.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=300")
		next.ServeHTTP(w, r)
	})
}

// layout is what every page shows around its content.
type layout struct {
	Title    string
	Business string
	SignedIn bool
	Content  any
}

// render makes the whole page before it sends any of it, so that a fault cannot leave half a page.
func (d *Dashboard) render(w http.ResponseWriter, r *http.Request, status int, page string, data layout) {
	var out bytes.Buffer
	if err := d.pages[page].ExecuteTemplate(&out, "layout.html", data); err != nil {
		d.logger.ErrorContext(r.Context(), "rendering a page failed", "page", page, "error", err)
		http.Error(w, "Something went wrong on our side.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // a failure means that the browser is gone
}

type message struct{ Heading, Text string }

func (d *Dashboard) message(w http.ResponseWriter, r *http.Request, status int, heading, text string) {
	d.render(w, r, status, "message", layout{Title: heading, Content: message{heading, text}})
}

// loginForm is what the sign-in page shows.
type loginForm struct{ Problem string }

func (d *Dashboard) loginPage(w http.ResponseWriter, r *http.Request) {
	d.showLogin(w, r, http.StatusOK, "")
}

func (d *Dashboard) showLogin(w http.ResponseWriter, r *http.Request, status int, problem string) {
	business := tenant.FromContext(r.Context()).Document.Tenant.DisplayName
	d.render(w, r, status, "login", layout{Title: "Sign in", Business: business, Content: loginForm{problem}})
}

func (d *Dashboard) login(w http.ResponseWriter, r *http.Request) {
	current := tenant.FromContext(r.Context())
	if err := r.ParseForm(); err != nil {
		d.showLogin(w, r, http.StatusBadRequest, "The form could not be read. Try again.")
		return
	}
	principal, err := current.Keys.Verify(r.Context(), strings.TrimSpace(r.PostForm.Get("key")), r.RemoteAddr)
	if err != nil {
		status, text := loginProblem(err)
		d.showLogin(w, r, status, text)
		return
	}
	if !principal.Has(auth.ScopeBookingsRead) {
		d.showLogin(w, r, http.StatusForbidden, "This key may not read bookings. Use one with the scope bookings:read.")
		return
	}
	http.SetCookie(w, current.Sessions.Issue(principal, d.clock(), overTLS(r)))
	http.Redirect(w, r, "/dashboard", http.StatusSeeOther)
}

func loginProblem(err error) (status int, text string) {
	_, limited := errors.AsType[*auth.LimitedError](err)
	switch {
	case limited:
		return http.StatusTooManyRequests, "Too many failed attempts. Wait a minute, then try again."
	case errors.Is(err, auth.ErrMissingKey):
		return http.StatusUnprocessableEntity, "Enter your API key."
	case errors.Is(err, auth.ErrInvalidKey):
		return http.StatusUnauthorized, "That key is not valid. It may have been revoked."
	}
	return http.StatusServiceUnavailable, "Signing in took too long. Try again."
}

func (d *Dashboard) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, tenant.FromContext(r.Context()).Sessions.Clear(overTLS(r)))
	http.Redirect(w, r, "/dashboard/login", http.StatusSeeOther)
}

// overTLS says whether the browser speaks TLS, to us or to the proxy in front. A browser that claims so
// falsely only loses its own cookie.
func overTLS(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
