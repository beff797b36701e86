package auth_test

import (
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
)

func TestCalendarScopes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		scopes []auth.Scope
		want   auth.CalendarDetail
		only   bool
	}{
		{nil, auth.CalendarNothing, true},
		{[]auth.Scope{"calendar:dr-khan"}, auth.CalendarTimes, true},
		{[]auth.Scope{"calendar-names:dr-khan"}, auth.CalendarNames, true},
		{[]auth.Scope{"calendar:dr-khan", "calendar-names:dr-khan"}, auth.CalendarNames, true},
		{[]auth.Scope{"calendar-names:dr-lee", "calendar:room-2"}, auth.CalendarTimes, true},
		{[]auth.Scope{"calendar:dr-lee"}, auth.CalendarNothing, true},
		{[]auth.Scope{"calendar:"}, auth.CalendarNothing, false},
		{[]auth.Scope{"calendar:dr-khan-2", "calendar:dr"}, auth.CalendarNothing, true},
		{[]auth.Scope{auth.ScopeBookingsWrite, "calendar:dr-khan"}, auth.CalendarTimes, false},
		{[]auth.Scope{auth.ScopeLeadsRead}, auth.CalendarNothing, false},
		{[]auth.Scope{auth.ScopeBookingsRead}, auth.CalendarContacts, false},
		{[]auth.Scope{auth.ScopeAdmin}, auth.CalendarContacts, false},
	} {
		principal := auth.Principal{Scopes: test.scopes}
		if got := principal.Calendar("room-2", "dr-khan"); got != test.want {
			t.Errorf("%v may see %d, want %d", test.scopes, got, test.want)
		}
		if got := principal.OnlyReadsCalendars(); got != test.only {
			t.Errorf("%v only reads calendars: %v", test.scopes, got)
		}
	}
}
