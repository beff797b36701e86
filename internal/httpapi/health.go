package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

// The public health checks have the shapes that load balancers and monitors of the earlier system read.
// They need no key and tell nothing about customers. Whether the database answers is asked each time.

const (
	statusHealthy   = "healthy"
	statusUnhealthy = "unhealthy"
	statusCritical  = "critical"

	reasonShuttingDown = "shutting_down"
	reasonDatabase     = "database_unavailable"
	reasonConfigured   = "not_configured"
)

func (a *api) mountHealth(router chi.Router) {
	router.Get("/health/lb", a.healthLB)
	router.Get("/health/quick", a.healthQuick)
	router.Get("/health", a.health)
	router.Get("/healthz", a.healthz)
}

// unfit says why the server should get no traffic; "" when it should.
func (a *api) unfit(ctx context.Context) string {
	if a.Draining() {
		return reasonShuttingDown
	}
	current, release := a.Holder.Acquire()
	defer release()
	if current == nil {
		return reasonConfigured
	}
	if err := current.Store.Check(ctx); err != nil {
		a.Logger.WarnContext(ctx, "the database does not answer the health check", "error", err)
		return reasonDatabase
	}
	return ""
}

func (a *api) uptime() float64 { return a.Clock().Sub(a.started).Seconds() }

func (a *api) timestamp() string { return a.Clock().UTC().Format("2006-01-02T15:04:05.000Z") }

func (a *api) healthLB(w http.ResponseWriter, r *http.Request) {
	if reason := a.unfit(r.Context()); reason != "" {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{
			"status": statusUnhealthy, "reason": reason, "timestamp": a.timestamp(),
		})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": statusHealthy, "timestamp": a.timestamp(), "uptime": a.uptime()})
}

func (a *api) healthQuick(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"status": statusHealthy, "timestamp": a.timestamp(), "commit": version.Commit, "uptime": a.uptime(),
	})
}

// healthz says what the tenant is connected to. Integrations are reported as the document has them.
func (a *api) healthz(w http.ResponseWriter, r *http.Request) {
	reason := a.unfit(r.Context())
	integrations := map[string]any{"apiKey": false, "sms": false, "gcal": false, "vapi": false, "tz": "unset"}
	if current := a.Holder.Current(); current != nil {
		integrations["apiKey"] = true
		integrations["tz"] = current.Document.Tenant.TimeZone
	}
	status := http.StatusOK
	if reason != "" {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, map[string]any{"ok": reason == "", "integrations": integrations})
}

func (a *api) health(w http.ResponseWriter, r *http.Request) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	asked := time.Now()
	reason := a.unfit(r.Context())
	body := map[string]any{
		"status": statusHealthy, "timestamp": a.timestamp(),
		"uptime": a.uptime(), "uptimeFormatted": formatUptime(a.uptime()),
		"memory":  map[string]string{"rss": megabytes(memory.Sys), "heapUsed": megabytes(memory.HeapInuse), "heapTotal": megabytes(memory.HeapSys)},
		"version": version.Version,
	}
	database := map[string]any{"type": databaseType(a.Holder.Current()), "responseTime": "N/A"}
	status := http.StatusOK
	switch reason {
	case "":
		database["status"], database["responseTime"] = "up", fmt.Sprintf("%dms", time.Since(asked).Milliseconds())
	case reasonDatabase:
		database["status"] = "down"
	default: // nobody asked it
		database["status"] = "unknown"
	}
	if reason != "" {
		status = http.StatusServiceUnavailable
		body["status"], body["reason"] = statusCritical, reason
	}
	body["database"] = database
	writeJSON(w, status, body)
}

func databaseType(current *tenant.Tenant) tenantconfig.Engine {
	if current == nil {
		return ""
	}
	return current.Document.Database.Engine
}

func megabytes(bytes uint64) string { return fmt.Sprintf("%dMB", bytes>>20) }

func formatUptime(seconds float64) string {
	return fmt.Sprintf("%dh %dm", int(seconds)/3600, int(seconds)/60%60)
}
