//go:build e2e

package e2e

import (
	"testing"
)

// TestDemo is `make demo`: an appointment is made, the same one refused with alternatives, and cancelled.
// It runs twice, because a reader will.
func TestDemo(t *testing.T) {
	for _, run := range []string{"first", "again"} {
		result, err := suite.demo.Up(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", run, err)
		}
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
}
