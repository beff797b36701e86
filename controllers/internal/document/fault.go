package document

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Fault is something in an object that keeps it from becoming configuration.
type Fault struct {
	Reason v1alpha1.ConditionReason
	// Policy names the BookingPolicy at fault; empty when it is the object itself.
	Policy string
	// Field is a path such as spec.hours[0].spans[1].
	Field string
	// Message says what is wrong and what would be right.
	Message string
}

func (f Fault) String() string {
	if f.Policy != "" {
		return fmt.Sprintf("BookingPolicy %s: %s: %s", f.Policy, f.Field, f.Message)
	}
	return fmt.Sprintf("%s: %s", f.Field, f.Message)
}

// shownFaults bounds a condition's message.
const shownFaults = 5

// Summary joins the first faults for a condition's message.
func Summary(faults []Fault) string {
	lines := make([]string, 0, shownFaults+1)
	for i, fault := range faults {
		if i == shownFaults {
			lines = append(lines, fmt.Sprintf("and %d more", len(faults)-shownFaults))
			break
		}
		lines = append(lines, fault.String())
	}
	return strings.Join(lines, "; ")
}

// Shorten joins fields for a condition's message.
func Shorten(fields []string) string {
	if len(fields) > shownFaults {
		return fmt.Sprintf("%s and %d more", strings.Join(fields[:shownFaults], ", "), len(fields)-shownFaults)
	}
	return strings.Join(fields, ", ")
}

var policyField = regexp.MustCompile(`^policies\[(\d+)\]\.(.*)$`)

// renamed are the fields that are called otherwise in the document.
var renamed = strings.NewReplacer(
	"tenant.name", "metadata.name",
	"tenant.", "spec.",
	"defaultPolicy", "spec.bookingPolicyRef.name",
	"cache.redisURLKey", "spec.cache.redis.urlSecretRef",
	"database.urlKey", "spec.database.postgres.urlSecretRef",
)

var resourcePolicy = regexp.MustCompile(`^(resources\[\d+\])\.policy$`)

// translate says what Validate found in the terms of the API.
func translate(err error, doc *tenantconfig.Document) []Fault {
	var invalid *tenantconfig.ValidationError
	if !errors.As(err, &invalid) {
		return []Fault{{Reason: v1alpha1.ReasonInvalid, Field: "spec", Message: err.Error()}}
	}
	faults := make([]Fault, len(invalid.Errors))
	for i, found := range invalid.Errors {
		faults[i] = translateField(found, doc)
	}
	return faults
}

func translateField(found tenantconfig.FieldError, doc *tenantconfig.Document) Fault {
	fault := Fault{Reason: v1alpha1.ReasonInvalid, Message: found.Message}
	if parts := policyField.FindStringSubmatch(found.Field); parts != nil {
		index, _ := strconv.Atoi(parts[1])
		fault.Policy, fault.Reason = doc.Policies[index].Name, v1alpha1.ReasonBookingPolicyInvalid
		fault.Field = "spec." + parts[2]
		if parts[2] == "holidayCalendar" {
			fault.Field, fault.Reason = "spec.holidays.calendar", v1alpha1.ReasonUnknownHolidayCalendar
		}
		return fault
	}
	if parts := resourcePolicy.FindStringSubmatch(found.Field); parts != nil {
		fault.Field = "spec." + parts[1] + ".bookingPolicyRef.name"
		return fault
	}
	fault.Field = renamed.Replace(found.Field)
	if !strings.HasPrefix(fault.Field, "spec.") && !strings.HasPrefix(fault.Field, "metadata.") {
		fault.Field = "spec." + fault.Field
	}
	if fault.Field == "spec.timeZone" {
		fault.Reason = v1alpha1.ReasonUnknownTimeZone
	}
	return fault
}
