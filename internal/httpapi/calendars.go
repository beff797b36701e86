package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/cache"
	"github.com/frontdesk-dev/frontdesk/internal/icalendar"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const (
	// calendarPast and calendarFuture bound a resource's calendar, in whole days of UTC around today.
	calendarPast   = 31
	calendarFuture = 366
	// maxCalendarEvents bounds it too; what starts first comes in.
	maxCalendarEvents = 5000
	// calendarRefresh is how often programs are asked to look.
	calendarRefresh = 15 * time.Minute
	// calendarTTL bounds how long a resource's calendar is kept. Bookings that are made, moved or called off end that at
	// once; a hold that has run out, or a change that is not about time, shows within this.
	calendarTTL = time.Minute
	// calendarSuffix ends the addresses of calendars, whose key may be in the query.
	calendarSuffix = "/calendar.ics"
	tokenParameter = "token"
)

// codeKeyTooPowerful: a key that may do more than read a calendar was sent in an address.
const codeKeyTooPowerful = "KEY_NOT_FOR_ADDRESSES"

// CalendarAccess is how a program that subscribes shows its key and what it has already.
type CalendarAccess struct {
	Token       string `query:"token" maxLength:"72" doc:"An API key that has calendar scopes only, for programs that cannot send headers. Whoever has the address can read the calendar, until the key is revoked." example:"fd_k3j9x0a1b2c3_…"`
	IfNoneMatch string `header:"If-None-Match" doc:"The ETag of the calendar as you have it. If it is still that, the answer is 304." example:"\"5f0c2b7a91d3e846\""`
}

type resourceCalendarInput struct {
	CalendarAccess
	ID string `path:"id" maxLength:"100" doc:"Id of the resource." example:"dr-khan"`
}

type bookingCalendarInput struct {
	CalendarAccess
	BookingID
}

// calendarOutput is a calendar, or with 304 that it has not changed.
type calendarOutput struct {
	Status       int
	ContentType  string `header:"Content-Type" hidden:"true"`
	CacheControl string `header:"Cache-Control" hidden:"true"`
	ETag         string `header:"ETag" doc:"Of the calendar as it is, for If-None-Match." example:"\"5f0c2b7a91d3e846\""`
	Body         []byte
}

func (a *api) registerCalendars() {
	const scopes = "\n\nBesides `bookings:read`, a key may have `calendar:<id>`, which shows times and services, or `calendar-names:<id>`, which also shows customers' names, " +
		"for a resource or for one booking. A key with such scopes alone may be sent as `token` in the address."
	responses := map[string]*huma.Response{
		"200": {Description: "A calendar, RFC 5545.", Content: map[string]*huma.MediaType{"text/calendar": {Schema: &huma.Schema{Type: huma.TypeString}}}},
		"304": {Description: "It has not changed."},
	}
	register(a, operation{
		id: "get-resource-calendar", method: http.MethodGet, path: "/api/v1/resources/{id}" + calendarSuffix, tag: tagBookings,
		summary: "Subscribe to a resource's calendar",
		description: "The bookings of one resource from " + strconv.Itoa(calendarPast) + " days ago to " + strconv.Itoa(calendarFuture) + " days ahead, at most " +
			strconv.Itoa(maxCalendarEvents) + ", for calendar programs. Cancelled ones are there, marked as such. Times are in UTC. Send the ETag in If-None-Match: while nothing has changed you get 304." + scopes,
		timeout: 20 * time.Second, other: responses, errors: []int{http.StatusNotFound},
	}, a.resourceCalendar)
	register(a, operation{
		id: "get-booking-calendar", method: http.MethodGet, path: "/api/v1/bookings/{id}" + calendarSuffix, tag: tagBookings,
		summary:     "Read a booking as a calendar",
		description: "One booking as a calendar, to be imported or subscribed to." + scopes,
		timeout:     5 * time.Second, other: responses, errors: []int{http.StatusNotFound},
	}, bookingCalendar)
}

// access says how much the caller may see, and refuses a key that is too good to stand in an address.
func (in *CalendarAccess) access(ctx context.Context, ids ...string) (auth.CalendarDetail, error) {
	principal := principalOf(ctx)
	if in.Token != "" && !principal.OnlyReadsCalendars() {
		return auth.CalendarNothing, newProblem(http.StatusForbidden, codeKeyTooPowerful,
			"This key may do more than read a calendar, and addresses are seen by others: rotate it now, and use one here that has calendar scopes only.")
	}
	return principal.Calendar(ids...), nil
}

func (a *api) resourceCalendar(ctx context.Context, in *resourceCalendarInput) (*calendarOutput, error) {
	detail, err := in.access(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if detail == auth.CalendarNothing {
		return nil, missingScope("calendar:" + auth.Scope(in.ID))
	}
	current := tenant.FromContext(ctx)
	resource, found := current.Bookings.Catalog().Resource(in.ID)
	if !found {
		return nil, newProblem(http.StatusNotFound, codeNotFound, "There is no such resource. Use one from the list of services.")
	}
	today := a.Clock().UTC().Truncate(24 * time.Hour)
	produce := func(ctx context.Context) ([]byte, error) {
		bookings, err := calendarBookings(ctx, current, in.ID, today)
		if err != nil {
			return nil, err
		}
		return written(icalendar.Calendar{
			Name: resource.Name + ", " + current.Document.Tenant.DisplayName, Refresh: calendarRefresh,
			Events: calendarEvents(bookings, current.Bookings.Catalog(), detail),
		})
	}
	if detail > auth.CalendarTimes { // people are kept in the database only
		kept, err := produce(ctx)
		return in.answer(kept, err)
	}
	return in.answer(current.Cache.GetOrLoad(ctx, cache.Key{
		Kind: "calendars", Name: "get-resource-calendar " + current.Revision + " " + today.Format(time.DateOnly) + " " + in.ID,
		TTL: calendarTTL, Groups: []string{cache.GroupBookings},
	}, produce))
}

// calendarBookings reads what is in a resource's calendar. The window moves once a day, so that it alone does not make
// another calendar of the same bookings more often than that.
func calendarBookings(ctx context.Context, current *tenant.Tenant, resource string, today time.Time) ([]booking.Booking, error) {
	filter := booking.Filter{
		From: today.AddDate(0, 0, -calendarPast), To: today.AddDate(0, 0, calendarFuture+1), ResourceID: resource, Limit: booking.MaxPageSize,
	}
	var all []booking.Booking
	for {
		page, next, more, err := current.Bookings.List(ctx, filter)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if !more || len(all) >= maxCalendarEvents {
			return all[:min(len(all), maxCalendarEvents)], nil
		}
		filter.After = next
	}
}

func bookingCalendar(ctx context.Context, in *bookingCalendarInput) (*calendarOutput, error) {
	if _, err := in.access(ctx); err != nil {
		return nil, err
	}
	current := tenant.FromContext(ctx)
	b, err := current.Bookings.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	ids := []string{b.ID}
	for _, unit := range b.Units {
		ids = append(ids, unit.ResourceID)
	}
	detail := principalOf(ctx).Calendar(ids...)
	if detail == auth.CalendarNothing { // who may not see a booking does not learn that there is one
		return nil, newProblem(http.StatusNotFound, codeNotFound, "There is no such booking. Check its number.")
	}
	catalog := current.Bookings.Catalog()
	service, _ := catalog.Service(b.ServiceID)
	return in.answer(written(icalendar.Calendar{
		Name: service.Name + ", " + current.Document.Tenant.DisplayName, Refresh: calendarRefresh,
		Events: calendarEvents([]booking.Booking{b}, catalog, detail),
	}))
}

// written is a calendar as it is kept: with its entity tag in front.
func written(calendar icalendar.Calendar) ([]byte, error) {
	kept := bytes.NewBuffer(make([]byte, tagLength))
	if err := calendar.Write(kept); err != nil {
		return nil, err
	}
	writeTag(kept.Bytes())
	return kept.Bytes(), nil
}

// answer sends the calendar, unless the caller has it.
func (in *CalendarAccess) answer(kept []byte, err error) (*calendarOutput, error) {
	if err != nil {
		return nil, err
	}
	tag, body := untagged(kept)
	out := &calendarOutput{Status: http.StatusOK, ContentType: icalendar.ContentType, CacheControl: revalidated, ETag: tag, Body: body}
	if matches(in.IfNoneMatch, out.ETag) {
		out.Status, out.Body = http.StatusNotModified, nil
	}
	return out, nil
}

// matches compares as If-None-Match does: weakly, RFC 9110 section 13.1.2.
func matches(ifNoneMatch, etag string) bool {
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
			return true
		}
	}
	return false
}

// calendarStatus is what each status is in a calendar. Holds that ran out are not there: they came to nothing.
var calendarStatus = map[booking.Status]icalendar.Status{
	booking.StatusHeld: icalendar.Tentative, booking.StatusPending: icalendar.Tentative, booking.StatusConfirmed: icalendar.Confirmed,
	booking.StatusCompleted: icalendar.Confirmed, booking.StatusNoShow: icalendar.Confirmed, booking.StatusCancelled: icalendar.Cancelled,
}

func calendarEvents(bookings []booking.Booking, catalog *booking.Catalog, detail auth.CalendarDetail) []icalendar.Event {
	var events []icalendar.Event
	for _, b := range bookings {
		status, shown := calendarStatus[b.Status]
		if !shown {
			continue
		}
		service, _ := catalog.Service(b.ServiceID)
		event := icalendar.Event{
			ID: b.ID + "@frontdesk.dev", Sequence: b.Version - 1, Status: status, Start: b.Start, End: b.End,
			Summary: service.Name, Location: resourceNames(b.Units, catalog), Created: b.CreatedAt, Modified: b.UpdatedAt,
		}
		if service.Name == "" { // no longer offered
			event.Summary = b.ServiceID
		}
		if detail >= auth.CalendarNames {
			event.Summary += ": " + b.Customer.Name
		}
		if detail >= auth.CalendarContacts {
			event.Description = strings.Trim(b.Customer.Phone+"\n"+b.Customer.Email, "\n")
		}
		events = append(events, event)
	}
	return events
}

func resourceNames(units booking.Assignment, catalog *booking.Catalog) string {
	var names []string
	for _, ref := range resourceRefs(units, catalog) {
		if ref.Name != "" {
			names = append(names, ref.Name)
		}
	}
	return strings.Join(names, ", ")
}
