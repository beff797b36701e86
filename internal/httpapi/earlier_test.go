package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/server"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

// shapeOf writes a JSON value's properties with their types, one a line: "slots[].start string". An empty list has no
// elements to show, so tests use answers in which every list has one.
func shapeOf(t *testing.T, raw []byte) []string {
	t.Helper()
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for name, property := range value {
				walk(strings.TrimPrefix(path+"."+name, "."), property)
			}
		case []any:
			for _, element := range value {
				walk(path+"[]", element)
			}
		case nil:
			lines[path+" null"] = true
		case bool:
			lines[path+" bool"] = true
		case float64:
			lines[path+" number"] = true
		default:
			lines[path+" string"] = true
		}
	}
	walk("", value)
	shape := make([]string, 0, len(lines))
	for line := range lines {
		shape = append(shape, line)
	}
	slices.Sort(shape)
	return shape
}

const appointmentShape = `
appointment.appointmentId string|appointment.cancellationReason null|appointment.cancelledAt null|appointment.clientKey string|
appointment.createdAt string|appointment.customer.email null|appointment.customer.name string|appointment.customer.phone string|
appointment.customer.service string|appointment.endTime string|appointment.gcalEventId null|appointment.id string|
appointment.leadId string|appointment.rescheduledFromId null|appointment.startTime string|appointment.status string|success bool`

func manyAppointments(shape string) string {
	return strings.ReplaceAll(strings.ReplaceAll(shape, "appointment.", "appointments[]."), "success bool", "count number|success bool")
}

const healthShape = `
database.lastCheck string|database.pool.active number|database.pool.available number|database.pool.idle number|database.pool.max number|
database.pool.total number|database.pool.utilization string|database.pool.utilizationOfMax string|database.responseTime string|
database.status string|healthy bool|overall string|services.backup.status string|services.cache.status string|
services.database.lastCheck string|services.database.pool.active number|services.database.pool.available number|
services.database.pool.idle number|services.database.pool.max number|services.database.pool.total number|
services.database.pool.utilization string|services.database.pool.utilizationOfMax string|services.database.responseTime string|
services.database.status string|services.email.status string|services.googleCalendar.status string|services.twilio.status string|
services.vapi.status string|status string|timestamp string|uptime number`

// earlierRequest is a request to a path of the earlier system, and the documented answer.
type earlierRequest struct {
	name, method, path string
	body               any
	status             int
	shape              string
}

// check sends the request, also for another business and without a key.
func (asked earlierRequest) check(t *testing.T, s *servertest.Server) {
	t.Helper()
	answer := s.Send(servertest.Request{Method: asked.method, Path: asked.path, Body: asked.body, Header: map[string]string{"X-Client-Key": "salon"}})
	if answer.Status != asked.status {
		t.Fatalf("%s: %d %s", asked.name, answer.Status, answer.Raw)
	}
	want := strings.Split(strings.ReplaceAll(asked.shape, "\n", ""), "|")
	slices.Sort(want)
	if diff := cmp.Diff(want, shapeOf(t, answer.Raw)); diff != "" {
		t.Errorf("%s (-want +got):\n%s\n%s", asked.name, diff, answer.Raw)
	}
	if answer.Header.Get("Deprecation") == "" || answer.Header.Get("Sunset") == "" {
		t.Errorf("%s: no deprecation notice", asked.name)
	}
	other := s.Send(servertest.Request{Method: asked.method, Path: asked.path, Body: asked.body, Header: map[string]string{"X-Client-Key": "another"}})
	if other.Status != http.StatusForbidden || other.Code != "TENANT_ACCESS_DENIED" {
		t.Errorf("%s for another business: %d %s", asked.name, other.Status, other.Raw)
	}
	if anonymous := s.Send(servertest.Request{Method: asked.method, Path: asked.path, Body: asked.body, Key: "none"}); anonymous.Status != http.StatusUnauthorized {
		t.Errorf("%s without a key: %d %s", asked.name, anonymous.Status, anonymous.Raw)
	}
}

// TestEarlierPathsAnswerInTheirShapes asks each path of the earlier system and compares its answer with the documented
// shape, property by property.
func TestEarlierPathsAnswerInTheirShapes(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		free := freeSlots(t, s, "cut")
		at := func(i int) string { return free[i].StartUTC.Format(time.RFC3339) }
		made := s.Send(book(wish(free[0].Start), nil))
		var kept struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(made.Data, &kept); err != nil {
			t.Fatal(err)
		}
		lead := map[string]any{"name": "Bob", "phone": "020 7946 0999"}
		for _, asked := range []earlierRequest{
			{"available-slots", "GET", "/api/available-slots?days=3&service=cut", nil, 200,
				"slots[].date string|slots[].endDateTime string|slots[].endTime string|slots[].startDateTime string|slots[].startTime string|success bool|totalSlots number"},
			{"find-slots", "POST", "/api/calendar/find-slots", map[string]any{"service": "Cut", "durationMin": 30, "stepMinutes": 60}, 200,
				"ok bool|params.bufferMin number|params.durationMin number|params.stepMinutes number|slots[].end string|slots[].start string|slots[].timezone string"},
			{"book-slot", "POST", "/api/calendar/book-slot", map[string]any{"service": "cut", "lead": lead, "start": at(1)}, 201,
				"event.htmlLink null|event.id string|event.status string|ok bool|tenant.calendarId null|tenant.clientKey string|tenant.timezone string"},
			{"check-book", "POST", "/api/calendar/check-book",
				map[string]any{"clientKey": "salon", "leadPhone": "020 7946 0888", "preferredTime": at(2), "duration": 30, "service": "cut", "extra": true}, 200,
				"appointment.end_iso string|appointment.gcal_event_id null|appointment.id string|appointment.start_iso string|appointment.status string|" +
					"booked bool|google.skipped bool|ok bool|slot.end string|slot.start string|slot.timezone string|sms null|smsSent bool|tenant string"},
			{"book-demo", "POST", "/api/book-demo", map[string]any{
				"service": "cut", "leadData": map[string]any{"businessName": "Miller Ltd", "decisionMaker": "Ann Miller", "email": "ann@example.com", "phoneNumber": "020 7946 0777"},
				"preferredTimes": []any{map[string]any{"startDateTime": at(0)}, map[string]any{"startDateTime": at(3)}},
			}, 200, "booking.calendarEventId null|booking.confirmedTime.date string|booking.confirmedTime.endDateTime string|" +
				"booking.confirmedTime.endTime string|booking.confirmedTime.startDateTime string|booking.confirmedTime.startTime string|" +
				"booking.createdAt string|booking.id string|booking.lead.businessName string|booking.lead.decisionMaker string|booking.lead.email string|" +
				"booking.lead.phoneNumber string|booking.preferredTimes[].startDateTime string|booking.status string|message string|success bool"},
			{"lookup", "GET", "/api/appointments/salon/lookup?phone=02079460123&status=confirmed", nil, 200, manyAppointments(appointmentShape)},
			{"lookup by name", "GET", "/api/appointments/salon/lookup?name=mill&phone=02079460123", nil, 200, manyAppointments(appointmentShape)},
			{"lookup by id", "GET", "/api/appointments/salon/lookup?appointmentId=" + kept.ID, nil, 200, manyAppointments(appointmentShape)},
			{"upcoming", "GET", "/api/appointments/salon/upcoming?phone=02079460123", nil, 200, manyAppointments(appointmentShape)},
			{"appointment", "GET", "/api/appointments/Salon/" + kept.ID, nil, 200, appointmentShape},
			{"reschedule", "POST", "/api/appointments/salon/" + kept.ID + "/reschedule", map[string]any{"clientKey": "salon", "newTime": at(4), "reason": "x"}, 200, appointmentShape},
			{"cancel", "POST", "/api/appointments/salon/" + kept.ID + "/cancel", map[string]any{"reason": "Ill", "offerAlternatives": true}, 200,
				strings.NewReplacer("cancellationReason null", "cancellationReason string", "cancelledAt null", "cancelledAt string",
					"success bool", "alternatives[].end string|alternatives[].start string|alternatives[].timezone string|alternativesOffered bool|success bool").Replace(appointmentShape)},
			{"time", "GET", "/api/time/now", nil, 200, "now.components.day number|now.components.hour number|now.components.minute number|" +
				"now.components.month number|now.components.second number|now.components.weekday string|now.components.year number|now.epochMs number|" +
				"now.epochSeconds number|now.formatted.date string|now.formatted.long string|now.formatted.spoken string|now.formatted.time string|" +
				"now.iso string|now.isoUtc string|ok bool|tenant string|timezone string"},
			{"health", "GET", "/api/v1/health", nil, 200, "consumerWebhook bool|db.type string|dnc.activeCount number|externalSheetConfigured bool|" +
				"logisticsSheetInCore bool|ok bool|tenant.displayName string|vapi.configured bool|vapi.walletGateActive bool"},
			{"detailed health", "GET", "/api/health/detailed", nil, 200, healthShape},
			{"comprehensive health", "GET", "/health/comprehensive", nil, 200, healthShape},
			{"connections", "GET", "/api/database/connection-limit", nil, 200,
				"connectionsByState[].count number|connectionsByState[].state string|currentConnections number|maxConnections number|success bool|timestamp string|utilization string"},
		} {
			asked.check(t, s)
		}
	})
}

// TestEarlierCalendarPathsDoWhatTheySay follows one booking through the calendar paths, and reads what was kept.
func TestEarlierCalendarPathsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	free := freeSlots(t, s, "cut")
	send := func(path string, status int, body map[string]any, header ...string) servertest.Answer {
		t.Helper()
		headers := map[string]string{}
		if len(header) > 0 {
			headers["Idempotency-Key"] = header[0]
		}
		answer := s.Send(servertest.Request{Method: http.MethodPost, Path: path, Body: body, Header: headers})
		if answer.Status != status {
			t.Fatalf("%s: %d %s", path, answer.Status, answer.Raw)
		}
		return answer
	}
	local := free[0].Start.Format("2006-01-02 15:04") // in the business's zone, as the slot is
	wanted := map[string]any{"leadPhone": "020 7946 0123", "date": local[:10], "time": local[11:], "service": "cut"}
	var made struct{ Appointment struct{ ID, Status string } }
	first := send("/api/calendar/check-book", 200, wanted, "once")
	again := send("/api/calendar/check-book", 200, wanted, "once")
	if !bytes.Equal(first.Raw, again.Raw) {
		t.Errorf("the repeated request is answered otherwise: %s and %s", first.Raw, again.Raw)
	}
	if err := json.Unmarshal(first.Raw, &made); err != nil {
		t.Fatal(err)
	}
	if taken := send("/api/calendar/check-book", 409, wanted); taken.Code != "SLOT_TAKEN" || taken.Detail["alternatives"] == nil {
		t.Errorf("a taken slot: %s", taken.Raw)
	}
	if taken := send("/api/calendar/reschedule", 404, map[string]any{"oldEventId": "nobody", "newStartISO": free[1].StartUTC}); taken.Code != "NOT_FOUND" {
		t.Errorf("%s", taken.Raw)
	}
	send("/api/calendar/reschedule", 201, map[string]any{"oldEventId": made.Appointment.ID, "newStartISO": free[1].StartUTC})
	send("/api/calendar/cancel", 200, map[string]any{"eventId": made.Appointment.ID, "leadPhone": "020 7946 0123"})
	history := s.Get("/api/v1/bookings/" + made.Appointment.ID + "/events")
	for _, event := range []string{"booking.confirmed", "booking.rescheduled", "booking.cancelled"} {
		if !bytes.Contains(history.Raw, []byte(event)) {
			t.Errorf("the history lacks %s: %s", event, history.Raw)
		}
	}
	for name, test := range map[string]struct {
		body   map[string]any
		status int
		code   string
	}{
		"in the past":       {map[string]any{"leadPhone": "02079460123", "preferredTime": "2020-01-01T09:00:00Z", "service": "cut"}, 422, "IN_THE_PAST"},
		"in words":          {map[string]any{"leadPhone": "02079460123", "preferredTime": "tomorrow at two", "service": "cut"}, 422, "VALIDATION_ERROR"},
		"no time":           {map[string]any{"leadPhone": "02079460123", "service": "cut"}, 422, "VALIDATION_ERROR"},
		"which service":     {map[string]any{"leadPhone": "02079460123", "preferredTime": free[2].StartUTC}, 422, "VALIDATION_ERROR"},
		"no such service":   {map[string]any{"leadPhone": "02079460123", "preferredTime": free[2].StartUTC, "service": "dye"}, 422, "UNKNOWN_SERVICE"},
		"another duration":  {map[string]any{"leadPhone": "02079460123", "preferredTime": free[2].StartUTC, "service": "cut", "duration": 45}, 422, "VALIDATION_ERROR"},
		"nobody":            {map[string]any{"preferredTime": free[2].StartUTC, "service": "cut"}, 422, "VALIDATION_ERROR"},
		"another's request": {map[string]any{"clientKey": "another", "leadPhone": "02079460123", "preferredTime": free[2].StartUTC, "service": "cut"}, 403, "TENANT_ACCESS_DENIED"},
	} {
		if answer := send("/api/calendar/check-book", test.status, test.body); answer.Code != test.code {
			t.Errorf("%s: %s", name, answer.Raw)
		}
	}
}

func TestAPIVersionAndOrigins(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged, func(o *server.Options) { o.AllowedOrigins = []string{"https://example.com"} })
	for version, status := range map[string]int{"": 200, "1": 200, "v1": 200, "2": 400, "0": 400, "x": 400} {
		answer := s.Send(servertest.Request{Method: http.MethodGet, Path: "/api/v1/services", Header: map[string]string{"X-API-Version": version}})
		if answer.Status != status || answer.Header.Get("X-API-Version") != "1" || (status == 400 && answer.Code != "UNSUPPORTED_API_VERSION") {
			t.Errorf("version %q: %d %s", version, answer.Status, answer.Raw)
		}
	}
	preflight := func(s *servertest.Server, origin string) *http.Response {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.Public+"/api/v1/bookings", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		request.Header.Set("Access-Control-Request-Method", http.MethodPost)
		response, err := s.Client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response
	}
	allowed := preflight(s, "https://example.com")
	if allowed.StatusCode != http.StatusNoContent || allowed.Header.Get("Access-Control-Allow-Origin") != "https://example.com" ||
		!strings.Contains(allowed.Header.Get("Access-Control-Allow-Headers"), "X-API-Key") || allowed.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: %d %v", allowed.StatusCode, allowed.Header)
	}
	closed := start(t, servertest.Unchanged)
	for name, response := range map[string]*http.Response{"another origin": preflight(s, "https://example.org"), "no origins": preflight(closed, "https://example.com")} {
		if response.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", name, fmt.Sprint(response.Header))
		}
	}
	actual := s.Send(servertest.Request{Method: http.MethodGet, Path: "/api/v1/services", Header: map[string]string{"Origin": "https://example.com"}})
	if actual.Header.Get("Access-Control-Allow-Origin") != "https://example.com" || actual.Header.Get("Vary") != "Origin" {
		t.Errorf("a real request: %v", actual.Header)
	}
}
