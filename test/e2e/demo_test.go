//go:build e2e

package e2e

import (
	"testing"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// TestDemo is `make demo`: an appointment is made, the same one refused with alternatives, and cancelled.
// It was played once before the tests, on an empty cluster, and is played again here, because a reader will.
func TestDemo(t *testing.T) {
	again, err := suite.demo.Up(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for run, result := range map[string]*walkthrough.Result{"first": suite.first, "again": again} {
		if len(result.Refused.Details.Alternatives) == 0 {
			t.Errorf("%s: the refusal offers no alternatives", run)
		}
		for _, slot := range result.Refused.Details.Alternatives {
			if slot.Start.Equal(result.Booking.Start) && len(slot.Resources) == 1 && slot.Resources[0] == result.Booking.Resources[0].ID {
				t.Errorf("%s: the taken slot is offered as an alternative to itself", run)
			}
		}
		cancelled, err := result.API.Booking(t.Context(), result.Booking.ID)
		if err != nil {
			t.Fatal(err)
		}
		if cancelled.Status != "cancelled" {
			t.Errorf("%s: the booking is %q", run, cancelled.Status)
		}
		if !result.Lasting {
			t.Errorf("%s: the tenant's address ends with the demo", run)
		}
	}
	if again.API.Base != suite.first.API.Base {
		t.Errorf("the tenant moved from %s to %s", suite.first.API.Base, again.API.Base)
	}
}
