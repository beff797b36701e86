package tenant

import (
	"fmt"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

// unsupported finds what the schema allows and this operator cannot do, where running without it
// would be something else than what was asked for.
func unsupported(t *v1alpha1.Tenant, p Platform) []document.Fault {
	var faults []document.Fault
	refuse := func(reason v1alpha1.ConditionReason, field, format string, args ...any) {
		faults = append(faults, document.Fault{Reason: reason, Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if size := podSettingsSize(t); size > maxPodSettings {
		refuse(v1alpha1.ReasonInvalid, "spec.server.pod", "has %d bytes as JSON, most of them probably in affinity: at most %d can be kept; the pods stay as they are until it is shorter",
			size, maxPodSettings)
	}
	if updates := t.Spec.Updates; updates != nil {
		if _, supported := p.Image(updates.Version); !supported {
			refuse(v1alpha1.ReasonUnsupportedVersion, "spec.updates.version",
				"this operator does not run servers of version %s: name one of %s, or leave it out to follow the platform", updates.Version, p.releases())
		}
	}
	return faults
}

// ignored lists what a tenant's policy asks for, that this release does not do yet, and without which the
// tenant serves all the same. What the spec asks for is said in the condition that would report on it.
// policy is nil when there is none.
func ignored(policy *v1alpha1.BookingPolicy) []string {
	var fields []string
	note := func(asked bool, field string) {
		if asked {
			fields = append(fields, field)
		}
	}
	if policy != nil {
		note(len(policy.Spec.Reminders) > 0, "reminders of BookingPolicy "+policy.Name)
	}
	return fields
}
