package dashboard

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const (
	// maxPerDay bounds the bookings of one page.
	maxPerDay = 1000
	// readTimeout bounds reading them.
	readTimeout = 10 * time.Second
)

// dayView is one day as the page shows it.
type dayView struct {
	Heading              string // Monday 23 November 2026
	Relative             string // Today, Tomorrow, Yesterday, or empty
	Date, Before, After  string // YYYY-MM-DD
	IsToday              bool
	Zone                 string
	Now                  string
	Bookings             []bookingRow
	Figures              figures
	WeekFrom             string // 10 March
	NextTime, NextPerson string
	Truncated            bool
}

type bookingRow struct {
	Start, End, StartISO string
	Service              string
	Customer             string
	Phone, Email         string
	Staff, Rooms         []string
	Place                int
	GroupSize            int
	Status               string
	StatusLabel          string
	Notes                string
	Struck, Past, Next   bool
}

var statusLabels = map[booking.Status]string{
	booking.StatusHeld:      "On hold",
	booking.StatusPending:   "To confirm",
	booking.StatusConfirmed: "Confirmed",
	booking.StatusCancelled: "Cancelled",
	booking.StatusCompleted: "Came",
	booking.StatusNoShow:    "Did not come",
	booking.StatusExpired:   "Lapsed",
}

func (d *Dashboard) day(w http.ResponseWriter, r *http.Request) {
	current := tenant.FromContext(r.Context())
	// A session lives as long as its key, whose scopes may have changed since.
	if person, err := current.Sessions.Authenticate(r, d.clock()); err != nil || !person.Has(auth.ScopeBookingsRead) {
		http.Redirect(w, r, "/dashboard/login", http.StatusSeeOther)
		return
	}
	now := d.clock().In(current.Location)
	today := localtime.DateOf(now, current.Location)
	date := today
	if text := r.URL.Query().Get("date"); text != "" {
		parsed, err := localtime.ParseDate(text)
		if err != nil || parsed.String() < "1970-01-02" || parsed.String() > "2199-12-30" {
			http.Redirect(w, r, "/dashboard", http.StatusSeeOther)
			return
		}
		date = parsed
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	bookings, truncated, err := bookingsOn(ctx, current, date)
	var counted figures
	if err == nil {
		counted, err = figuresOn(ctx, current, date)
	}
	if err != nil {
		d.logger.ErrorContext(r.Context(), "reading the day's bookings failed", "error", err)
		d.message(w, r, http.StatusServiceUnavailable, "Bookings cannot be read right now", "Reload the page in a moment. Nothing is lost.")
		return
	}
	view := viewDay(current, date, today, now, bookings)
	view.Truncated, view.Figures = truncated, counted
	d.render(w, r, http.StatusOK, "day", layout{
		Title: view.Heading, Business: current.Document.Tenant.DisplayName, SignedIn: true, Content: view,
	})
}

// bookingsOn reads the bookings that start on the local date, at most maxPerDay.
func bookingsOn(ctx context.Context, current *tenant.Tenant, date localtime.Date) (all []booking.Booking, truncated bool, err error) {
	day := days(current.Location, date, 1)
	filter := booking.Filter{From: day.Start, To: day.End, Limit: booking.MaxPageSize}
	if !filter.From.Before(filter.To) {
		return nil, false, nil // the zone skipped this date
	}
	for {
		page, next, more, err := current.Bookings.List(ctx, filter)
		if err != nil {
			return nil, false, err
		}
		all = append(all, page...)
		if !more || len(all) >= maxPerDay {
			return all, more, nil
		}
		filter.After = next
	}
}

func viewDay(current *tenant.Tenant, date, today localtime.Date, now time.Time, bookings []booking.Booking) dayView {
	year, month, day := date.Civil()
	clock := clockFormat(current.Document.Tenant.Locale)
	monday, noon := date.Monday(), time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
	view := dayView{
		Heading: noon.Format("Monday 2 January 2006"), WeekFrom: noon.AddDate(0, 0, int(monday-date)).Format("2 January"),
		Relative: relative(date, today), Date: date.String(), Before: (date - 1).String(), After: (date + 1).String(),
		IsToday: date == today, Zone: current.Document.Tenant.TimeZone, Now: now.Format(clock),
	}
	for _, b := range bookings {
		row := viewBooking(current, b, clock)
		row.Past = !b.End.After(now)
		if view.NextTime == "" && b.Status.Live() && b.Start.After(now) && date == today {
			row.Next = true
			view.NextTime, view.NextPerson = row.Start, row.Customer
		}
		view.Bookings = append(view.Bookings, row)
	}
	return view
}

func viewBooking(current *tenant.Tenant, b booking.Booking, clock string) bookingRow {
	catalog := current.Bookings.Catalog()
	row := bookingRow{
		Start: b.Start.In(current.Location).Format(clock), End: b.End.In(current.Location).Format(clock),
		StartISO: b.Start.UTC().Format(time.RFC3339),
		Service:  b.ServiceID, Customer: b.Customer.Name, Phone: b.Customer.Phone, Email: b.Customer.Email,
		Place: b.Place, GroupSize: b.GroupSize, Status: string(b.Status), StatusLabel: statusLabels[b.Status],
		Notes: b.Notes, Struck: b.Status == booking.StatusCancelled || b.Status == booking.StatusExpired,
	}
	if service, found := catalog.Service(b.ServiceID); found {
		row.Service = service.Name
	}
	for _, unit := range b.Units {
		resource, found := catalog.Resource(unit.ResourceID)
		switch {
		case !found:
			row.Rooms = append(row.Rooms, unit.ResourceID)
		case resource.Kind == tenantconfig.ResourceStaff:
			row.Staff = append(row.Staff, resource.Name)
		default:
			row.Rooms = append(row.Rooms, resource.Name)
		}
	}
	return row
}

func relative(date, today localtime.Date) string {
	switch date - today {
	case -1:
		return "Yesterday"
	case 0:
		return "Today"
	case 1:
		return "Tomorrow"
	}
	return ""
}

// clockFormat is how people of the locale write the time of day.
func clockFormat(locale string) string {
	for _, twelveHours := range []string{"en-US", "en-CA", "en-AU", "en-NZ", "en-PH", "en-IN"} {
		if strings.EqualFold(locale, twelveHours) {
			return "3:04 PM"
		}
	}
	return "15:04"
}
