package tenant

import (
	"errors"
	"time"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
)

// obstacle is what an apply ran into, sorted by what can be done about it.
type obstacle struct {
	reason  v1alpha1.ConditionReason
	message string
	// stalled: only an edit, of the tenant or of what is in its way, helps.
	stalled bool
	// waiting: it passes by itself, without any error.
	waiting bool
	// again is when to look again, if that is known.
	again time.Duration
}

// obstacles sorts the joined errors of an apply.
func obstacles(err error) []obstacle {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []obstacle
		for _, each := range joined.Unwrap() {
			all = append(all, obstacles(each)...)
		}
		return all
	}
	var (
		conflict *apply.ConflictError
		going    *apply.GoingError
		refused  *apply.RefusedError
		fight    *apply.FightError
	)
	found := obstacle{reason: v1alpha1.ReasonApplyFailed, message: err.Error()}
	switch {
	case errors.As(err, &conflict):
		found.reason, found.stalled = v1alpha1.ReasonNameConflict, true
	case errors.As(err, &fight):
		found.reason, found.waiting, found.again = v1alpha1.ReasonFightingAnotherController, true, fight.Wait
	case errors.As(err, &refused):
		found.stalled = true
	case errors.As(err, &going):
		found.reason, found.waiting = v1alpha1.ReasonProvisioning, true
	}
	return []obstacle{found}
}

// transient returns the error that calls for another attempt with backoff, or nil: what is stalled
// or waiting has a watch or a timer to wake it.
func transient(err error) error {
	for _, o := range obstacles(err) {
		if !o.stalled && !o.waiting {
			return err
		}
	}
	return nil
}
