package compat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// This file reads what the earlier system let its clients write in many ways.

func invalid(field, format string, args ...any) error {
	return booking.Errorf(booking.CodeValidation, format, args...).WithField(field)
}

// service finds a service by its id or name. Left out it means the only one; where there are several, the
// request must say which.
func service(ctx context.Context, text string) (tenantconfig.Service, error) {
	services := tenant.FromContext(ctx).Bookings.Catalog().Services()
	ids := make([]string, len(services))
	for i, service := range services {
		if text != "" && (service.ID == text || strings.EqualFold(service.Name, text)) {
			return service, nil
		}
		ids[i] = service.ID
	}
	if text == "" && len(services) == 1 {
		return services[0], nil
	}
	if text == "" {
		return tenantconfig.Service{}, invalid("service", "The service is missing. Send one of: %s.", strings.Join(ids, ", "))
	}
	return tenantconfig.Service{}, booking.Errorf(booking.CodeUnknownService, "There is no such service. Send one of: %s.", strings.Join(ids, ", ")).WithField("service")
}

// checkMinutes refuses a duration that is not the service's own: 0 is none given.
func checkMinutes(service tenantconfig.Service, minutes ...float64) error {
	for _, given := range minutes {
		if own := service.Duration.Std().Minutes(); given != 0 && given != own {
			return invalid("duration", "%s takes %v minutes. Leave the duration out, or send that.", service.Name, own)
		}
	}
	return nil
}

// localForms are how a moment may be written without an offset: then it is meant in the business's time zone.
var localForms = []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// moment reads the first text that is not empty.
func moment(ctx context.Context, field string, texts ...string) (time.Time, error) {
	for _, text := range texts {
		if text == "" {
			continue
		}
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at.UTC().Truncate(time.Second), nil
		}
		for _, form := range localForms {
			if wall, err := time.Parse(form, text); err == nil {
				zone := tenant.FromContext(ctx).Location
				year, month, day := wall.Date()
				seconds := wall.Hour()*3600 + wall.Minute()*60 + wall.Second()
				return localtime.Resolve(zone, localtime.MakeDate(year, month, day), seconds).UTC(), nil
			}
		}
		return time.Time{}, invalid(field, "This is not a time. Send one like 2026-11-24T09:00:00Z, or 2026-11-24 09:00 in the business's time zone.")
	}
	return time.Time{}, invalid(field, "The time is missing. Send one of the free slots, like 2026-11-24T09:00:00Z.")
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" {
			return text
		}
	}
	return ""
}

// rules are those of the business.
func rules(ctx context.Context) tenantconfig.Policy {
	document := tenant.FromContext(ctx).Document
	for _, policy := range document.Policies {
		if policy.Name == document.DefaultPolicy {
			return policy
		}
	}
	return tenantconfig.Policy{}
}

func minutes(d tenantconfig.Duration) float64 { return d.Std().Minutes() }

func formatPercent(part, whole int) string {
	if whole == 0 {
		return "0.0"
	}
	return fmt.Sprintf("%.1f", 100*float64(part)/float64(whole))
}
