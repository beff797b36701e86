package compat

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// The words by which the earlier system described a part.
const (
	statusHealthy       = "healthy"
	statusUnhealthy     = "unhealthy"
	statusNotConfigured = "not_configured"
	statusUnknown       = "unknown"
)

// TimeNow is the answer of /api/time/now.
type TimeNow struct {
	OK       bool   `json:"ok" example:"true"`
	Tenant   string `json:"tenant" example:"bright-smile"`
	TimeZone string `json:"timezone" example:"Europe/London"`
	Now      Now    `json:"now"`
}

// Now is a moment in many forms, in the business's time zone where nothing else is said.
type Now struct {
	ISO          string        `json:"iso" example:"2026-11-24T09:00:00+00:00"`
	ISOUTC       string        `json:"isoUtc" example:"2026-11-24T09:00:00.000Z"`
	EpochMS      int64         `json:"epochMs" example:"1795510800000"`
	EpochSeconds int64         `json:"epochSeconds" example:"1795510800"`
	Formatted    NowFormatted  `json:"formatted"`
	Components   NowComponents `json:"components"`
}

// NowFormatted is the moment in words.
type NowFormatted struct {
	Long   string `json:"long" example:"Tuesday, 24 November 2026 at 09:00"`
	Date   string `json:"date" example:"24/11/2026"`
	Time   string `json:"time" example:"09:00"`
	Spoken string `json:"spoken" example:"Tuesday 24 November, 9:00 am"`
}

// NowComponents is the moment in numbers.
type NowComponents struct {
	Year    int    `json:"year" example:"2026"`
	Month   int    `json:"month" example:"11"`
	Day     int    `json:"day" example:"24"`
	Hour    int    `json:"hour" example:"9"`
	Minute  int    `json:"minute" example:"0"`
	Second  int    `json:"second" example:"0"`
	Weekday string `json:"weekday" example:"Tuesday"`
}

// TenantHealth is the answer of /api/v1/health.
type TenantHealth struct {
	OK     bool `json:"ok" example:"true"`
	Tenant struct {
		DisplayName string `json:"displayName" example:"Bright Smile Dental"`
	} `json:"tenant"`
	DB struct {
		Type string `json:"type" example:"postgres"`
	} `json:"db"`
	VAPI struct {
		Configured       bool `json:"configured" example:"false"`
		WalletGateActive bool `json:"walletGateActive" example:"false"`
	} `json:"vapi"`
	DNC struct {
		ActiveCount *int `json:"activeCount" doc:"Numbers that opted out; null when they cannot be counted just now." example:"3"`
	} `json:"dnc"`
	ConsumerWebhook         bool `json:"consumerWebhook" example:"false"`
	LogisticsSheetInCore    bool `json:"logisticsSheetInCore" doc:"Always false." example:"false"`
	ExternalSheetConfigured bool `json:"externalSheetConfigured" doc:"Always false." example:"false"`
}

// Connections is the answer of /api/database/connection-limit.
type Connections struct {
	Success            bool               `json:"success" example:"true"`
	MaxConnections     int                `json:"maxConnections" doc:"How many connections this replica may hold." example:"15"`
	CurrentConnections int                `json:"currentConnections" doc:"How many it holds now." example:"4"`
	ConnectionsByState []ConnectionsState `json:"connectionsByState"`
	Utilization        string             `json:"utilization" doc:"Per cent." example:"26.7"`
	Timestamp          string             `json:"timestamp" example:"2026-11-24T09:00:00.000Z"`
}

// ConnectionsState counts the connections of one state.
type ConnectionsState struct {
	State string `json:"state" enum:"active,idle" example:"idle"`
	Count int    `json:"count" example:"3"`
}

func (p *paths) registerStatus() {
	register(p, operation{
		id: "time-now", method: http.MethodGet, path: "/api/time/now",
		summary: "The time at the business", description: "Any valid key may ask.",
	}, p.timeNow)
	register(p, operation{
		id: "health", method: http.MethodGet, path: "/api/v1/health",
		summary: "What the business is connected to", description: "Any valid key may ask.",
	}, tenantHealth)
	for id, path := range map[string]string{"detailed-health": "/api/health/detailed", "comprehensive-health": "/health/comprehensive"} {
		register(p, operation{
			id: id, method: http.MethodGet, path: path, scope: auth.ScopeAdmin,
			summary: "How the service is doing", description: "Both paths give one answer, with the properties of either. The database is asked each time.",
		}, p.health)
	}
	register(p, operation{
		id: "connection-limit", method: http.MethodGet, path: "/api/database/connection-limit", scope: auth.ScopeAdmin,
		summary: "Connections to the database", description: "Those of the replica that answers.",
	}, p.connections)
}

type anyInput struct{ ClientKey }

func (p *paths) timeNow(ctx context.Context, _ *anyInput) (*struct{ Body TimeNow }, error) {
	current := tenant.FromContext(ctx)
	now := p.Clock().In(current.Location)
	return &struct{ Body TimeNow }{TimeNow{
		OK: true, Tenant: current.Document.Tenant.Name, TimeZone: current.Location.String(),
		Now: Now{
			ISO: now.Format("2006-01-02T15:04:05-07:00"), ISOUTC: isoTime(now), EpochMS: now.UnixMilli(), EpochSeconds: now.Unix(),
			Formatted: NowFormatted{
				Long: now.Format("Monday, 2 January 2006 at 15:04"), Date: now.Format("02/01/2006"), Time: now.Format("15:04"),
				Spoken: now.Format("Monday 2 January, 3:04 pm"),
			},
			Components: NowComponents{
				Year: now.Year(), Month: int(now.Month()), Day: now.Day(), Hour: now.Hour(), Minute: now.Minute(), Second: now.Second(),
				Weekday: now.Weekday().String(),
			},
		},
	}}, nil
}

// engineNames are what the earlier system called its databases.
var engineNames = map[tenantconfig.Engine]string{
	tenantconfig.EnginePostgres: "postgres", tenantconfig.EngineSQLite: "sqlite", tenantconfig.EngineJSONFile: "json",
}

func tenantHealth(ctx context.Context, _ *anyInput) (*struct{ Body TenantHealth }, error) {
	current := tenant.FromContext(ctx)
	document := current.Document
	out := TenantHealth{OK: true}
	if current.Leads != nil {
		if count, err := current.Leads.CountOptOuts(ctx); err == nil { // else null, which says that nobody knows
			out.DNC.ActiveCount = &count
		}
	}
	out.Tenant.DisplayName = document.Tenant.DisplayName
	out.DB.Type = engineNames[document.Database.Engine]
	return &struct{ Body TenantHealth }{out}, nil
}

func (p *paths) connections(ctx context.Context, _ *anyInput) (*struct{ Body Connections }, error) {
	pool := tenant.FromContext(ctx).Store.Connections()
	held := pool.Active + pool.Idle
	return &struct{ Body Connections }{Connections{
		Success: true, MaxConnections: pool.Max, CurrentConnections: held,
		ConnectionsByState: []ConnectionsState{{State: "active", Count: pool.Active}, {State: "idle", Count: pool.Idle}},
		Utilization:        formatPercent(held, pool.Max), Timestamp: p.timestamp(),
	}}, nil
}

// Health is the answer of the two health paths.
type Health struct {
	Healthy   bool           `json:"healthy" example:"true"`
	Status    string         `json:"status" enum:"healthy,unhealthy" example:"healthy"`
	Overall   string         `json:"overall" enum:"healthy,unhealthy" doc:"The same as status." example:"healthy"`
	Timestamp string         `json:"timestamp" example:"2026-11-24T09:00:00.000Z"`
	Uptime    float64        `json:"uptime" doc:"Seconds." example:"97.5"`
	Database  HealthDatabase `json:"database"`
	Services  HealthServices `json:"services"`
}

// HealthDatabase says how the database is doing.
type HealthDatabase struct {
	Status       string     `json:"status" enum:"healthy,unhealthy" example:"healthy"`
	ResponseTime string     `json:"responseTime" example:"2ms"`
	LastCheck    string     `json:"lastCheck" example:"2026-11-24T09:00:00.000Z"`
	Pool         HealthPool `json:"pool"`
}

// HealthPool counts the connections of this replica.
type HealthPool struct {
	Available        int    `json:"available" doc:"How many more may be used." example:"14"`
	Total            int    `json:"total" example:"4"`
	Idle             int    `json:"idle" example:"3"`
	Active           int    `json:"active" example:"1"`
	Max              int    `json:"max" example:"15"`
	Utilization      string `json:"utilization" doc:"Per cent of those held that are in use." example:"25.0"`
	UtilizationOfMax string `json:"utilizationOfMax" doc:"Per cent of the most there may be." example:"6.7"`
}

// HealthServices says how each part is doing.
type HealthServices struct {
	Database       HealthDatabase `json:"database"`
	VAPI           HealthPart     `json:"vapi"`
	Twilio         HealthPart     `json:"twilio"`
	GoogleCalendar HealthPart     `json:"googleCalendar"`
	Email          HealthPart     `json:"email"`
	Cache          HealthPart     `json:"cache"`
	Backup         HealthPart     `json:"backup" doc:"Backups are made outside this service, which knows nothing of them."`
}

// HealthPart is one part.
type HealthPart struct {
	Status string `json:"status" enum:"healthy,unhealthy,not_configured,unknown" example:"not_configured"`
}

// healthAnswer has 503 when the service is not healthy.
type healthAnswer struct {
	Status int
	Body   Health
}

func (p *paths) health(ctx context.Context, _ *anyInput) (*healthAnswer, error) {
	current := tenant.FromContext(ctx)
	asked := time.Now()
	err := current.Store.Check(ctx)
	took := time.Since(asked)
	pool := current.Store.Connections()
	database := HealthDatabase{
		Status: statusHealthy, ResponseTime: fmt.Sprintf("%dms", took.Milliseconds()), LastCheck: p.timestamp(),
		Pool: HealthPool{
			Available: pool.Max - pool.Active, Total: pool.Active + pool.Idle, Idle: pool.Idle, Active: pool.Active, Max: pool.Max,
			Utilization: formatPercent(pool.Active, pool.Active+pool.Idle), UtilizationOfMax: formatPercent(pool.Active, pool.Max),
		},
	}
	if err != nil {
		database.Status, database.ResponseTime = statusUnhealthy, "N/A"
	}
	none := HealthPart{Status: statusNotConfigured}
	out := &healthAnswer{Status: http.StatusOK, Body: Health{
		Healthy: true, Status: statusHealthy, Overall: statusHealthy, Timestamp: p.timestamp(),
		Uptime: p.Clock().Sub(p.Started).Seconds(), Database: database,
		Services: HealthServices{
			Database: database, VAPI: none, Twilio: none, GoogleCalendar: none, Email: none,
			Cache: HealthPart{Status: statusHealthy}, Backup: HealthPart{Status: statusUnknown},
		},
	}}
	if p.Unfit(ctx) != "" || err != nil {
		out.Status, out.Body.Healthy, out.Body.Status, out.Body.Overall = http.StatusServiceUnavailable, false, statusUnhealthy, statusUnhealthy
	}
	return out, nil
}
