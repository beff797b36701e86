//go:build e2e

package e2e

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// reachTime is how soon an edit must be served by every pod. It takes well under a second on an idle machine, and 4 seconds
// have been seen with three clusters starting beside it.
const reachTime = 5 * time.Second

// An edit of the policy is served by each of several pods within seconds, by the same process, without one failed
// request.
func TestPolicyEditReachesEveryServer(t *testing.T) {
	t.Parallel()
	tenant := newReplicatedTenant(t)
	before, servers := tenant.containers(), tenant.servers()
	if len(servers) < 2 {
		t.Fatalf("%d pods, want at least 2", len(servers))
	}
	day := slots(t, servers[0].api, "visit")[0].Start.Truncate(24 * time.Hour)
	former := tenant.get().Status.Revision.Served
	stop := keepAsking(t, tenant.api())

	edited := time.Now()
	served := make(chan error, len(servers))
	for _, server := range servers {
		go func() {
			err := server.awaitStart(t.Context(), day, 20, edited.Add(reachTime))
			t.Logf("%s serves the edit after %s", server.pod, time.Since(edited).Round(time.Millisecond))
			served <- err
		}()
	}
	tenant.patch("bookingpolicy/always", `{"spec":{"slots":{"interval":"20m"}}}`)
	for range servers {
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
	tenant.awaitOtherRevision(former)
	tenant.awaitReady()

	asked, failed := stop()
	if failed != nil || asked < 10 {
		t.Errorf("%d requests meanwhile, first failure: %v", asked, failed)
	}
	if diff := cmp.Diff(before, tenant.containers()); diff != "" {
		t.Errorf("other containers run (-before +after):\n%s", diff)
	}
	revision := tenant.get().Status.Revision
	if revision == nil || revision.Served != revision.Desired {
		t.Fatalf("Ready, but the revisions are %+v", revision)
	}
	for _, server := range servers {
		if status, err := server.status(t.Context()); err != nil || status.Revision != revision.Served {
			t.Errorf("%s serves %q, want %q: %v", server.pod, status.Revision, revision.Served, err)
		}
	}
}

// awaitStart waits until the server offers a start at this minute of the hour on a day.
func (v server) awaitStart(ctx context.Context, day time.Time, minute int, deadline time.Time) error {
	for {
		found, err := v.api.Slots(ctx, "visit", day, day.AddDate(0, 0, 1))
		if err != nil {
			return fmt.Errorf("%s: %w", v.pod, err)
		}
		if slices.ContainsFunc(found, func(slot walkthrough.Slot) bool { return slot.Start.Minute() == minute }) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: none of %d slots starts at minute %d", v.pod, len(found), minute)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
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
	namespace := suite.newNamespace(t)
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
