//go:build e2e

package e2e

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// reachTime is how soon an edit must be served. It takes well under a second on an idle machine; kubelet
// alone, without being nudged, would take 20 to 80 s.
const reachTime = 15 * time.Second

// An edit of the policy is served within seconds, by the same process, without one failed request.
func TestPolicyEditReachesTheServer(t *testing.T) {
	t.Parallel()
	tenant := newPlainTenant(t)
	api := tenant.api()
	before := tenant.pod()
	day := slots(t, api, "visit")[0].Start
	stop := keepAsking(t, api)

	edited := time.Now()
	tenant.patch("bookingpolicy/always", `{"spec":{"slots":{"interval":"20m"}}}`)
	eventually(t, reachTime, func() error {
		found, err := api.Slots(t.Context(), "visit", day.Truncate(24*time.Hour), day.Truncate(24*time.Hour).AddDate(0, 0, 1))
		if err != nil {
			return err
		}
		for _, slot := range found {
			if slot.Start.Minute() == 20 {
				return nil
			}
		}
		return fmt.Errorf("none of %d slots starts at twenty past", len(found))
	})
	t.Logf("the edit was served after %s", time.Since(edited).Round(time.Millisecond))
	tenant.awaitReady()

	asked, failed := stop()
	if failed != nil || asked < 10 {
		t.Errorf("%d requests meanwhile, first failure: %v", asked, failed)
	}
	after := tenant.pod()
	if before.UID != after.UID {
		t.Error("the pod was replaced")
	}
	if was, is := before.Status.ContainerStatuses[0], after.Status.ContainerStatuses[0]; was.RestartCount != is.RestartCount || was.ContainerID != is.ContainerID {
		t.Error("the container was restarted")
	}
	if revision := tenant.get().Status.Revision; revision == nil || revision.Served != revision.Desired {
		t.Errorf("Ready, but the revisions are %+v", revision)
	}
}

// keepAsking sends one request after the other until stop is called, which returns how many there were
// and the first that failed.
func keepAsking(t *testing.T, api *walkthrough.API) (stop func() (int64, error)) {
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int64
	done := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			from := time.Now().Add(24 * time.Hour)
			if _, err := api.Slots(ctx, "visit", from, from.AddDate(0, 0, 1)); err != nil && ctx.Err() == nil {
				done <- err
				return
			}
			asked.Add(1)
			select {
			case <-ctx.Done():
			case <-time.After(30 * time.Millisecond): // a steady trickle: the machine has other things to do
			}
		}
		done <- nil
	}()
	t.Cleanup(cancel)
	return func() (int64, error) {
		cancel()
		return asked.Load(), <-done
	}
}

// A broken edit changes nothing for customers, and the condition names the field.
func TestBrokenEditKeepsServing(t *testing.T) {
	t.Parallel()
	tenant := newPlainTenant(t)
	api := tenant.api()
	offered := slots(t, api, "visit")
	for i, c := range []struct{ name, breakIt, mend, field, reason string }{
		{"a policy that does not exist", `{"spec":{"bookingPolicyRef":{"name":"nowhere"}}}`, `{"spec":{"bookingPolicyRef":{"name":"always"}}}`, "spec.bookingPolicyRef", "nowhere"},
		{"a zone that does not exist", `{"spec":{"timeZone":"Europe/Atlantis"}}`, `{"spec":{"timeZone":"Europe/London"}}`, "spec.timeZone", "Europe/Atlantis"},
	} {
		revision := tenant.get().Status.Revision.Served
		tenant.patch("tenant/"+tenant.name, c.breakIt)
		condition := tenant.awaitCondition(v1alpha1.ConditionConfigurationValid, metav1.ConditionFalse)
		if !strings.Contains(condition.Message, c.field) || !strings.Contains(condition.Message, c.reason) {
			t.Errorf("%s: the message %q does not name %s and %s", c.name, condition.Message, c.field, c.reason)
		}
		tenant.awaitCondition(v1alpha1.ConditionReady, metav1.ConditionFalse)
		tenant.awaitCondition(v1alpha1.ConditionWorkloadAvailable, metav1.ConditionTrue)
		book(t, api, "visit", offered[i].Start, customer(i))
		if served := tenant.get().Status.Revision.Served; served != revision {
			t.Errorf("%s: revision %s is served instead of the last good one, %s", c.name, served, revision)
		}
		tenant.patch("tenant/"+tenant.name, c.mend)
		tenant.awaitCondition(v1alpha1.ConditionReady, metav1.ConditionTrue)
	}
}

// What the API server's own rules catch never reaches the operator.
func TestBadTenantIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for name, c := range map[string]struct{ from, to, message string }{
		"unknown resource": {"anyOf: [desk]", "anyOf: [chair]", "spec.services"},
		"long name":        {"displayName: Plain", "displayName: " + strings.Repeat("x", 300), "spec.displayName"},
		"span backwards":   {`{from: "08:00", to: "18:00"}`, `{from: "18:00", to: "08:00"}`, "spec.hours"},
	} {
		manifest := strings.Replace(plainTenant, c.from, c.to, 1)
		err := suite.kubectl.Apply(t.Context(), namespace, manifest)
		var refused *walkthrough.CommandError
		if !errors.As(err, &refused) {
			t.Errorf("%s: accepted", name)
			continue
		}
		if !strings.Contains(refused.Said, c.message) {
			t.Errorf("%s: the refusal does not name %s: %s", name, c.message, refused.Said)
		}
	}
}

// Requests that make no sense are refused with the reason, and nothing is booked.
func TestBadBookingsAreRefused(t *testing.T) {
	t.Parallel()
	api := newPlainTenant(t).api()
	start := slots(t, api, "visit")[0].Start
	for _, c := range []struct {
		name, service string
		start         time.Time
		phone         string
		status        int
		code          string
	}{
		{"in the past", "visit", start.AddDate(0, 0, -7), "+442079460001", http.StatusUnprocessableEntity, "IN_THE_PAST"},
		{"outside hours", "visit", start.Truncate(24 * time.Hour).Add(3 * time.Hour), "+442079460001", http.StatusUnprocessableEntity, "OUTSIDE_HOURS"},
		{"unknown service", "surgery", start, "+442079460001", http.StatusUnprocessableEntity, "UNKNOWN_SERVICE"},
		{"malformed phone", "visit", start, "12", http.StatusUnprocessableEntity, "VALIDATION_ERROR"},
	} {
		_, err := api.Book(t.Context(), rand.Text(), c.service, c.start, walkthrough.Customer{Name: "Nobody", Phone: c.phone})
		t.Log(c.name)
		wantRefusal(t, err, c.status, c.code)
	}
	made := book(t, api, "visit", start, customer(1))
	if made.Status != "confirmed" {
		t.Errorf("the slot that was never taken gives a booking that is %q", made.Status)
	}
}
