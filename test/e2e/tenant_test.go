//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// readyTimeout bounds the wait for a tenant while others start on the same two processors.
const readyTimeout = 3 * time.Minute

// plainTenant is a business with one person who is always there, so that no test depends on the day it runs.
const plainTenant = `
apiVersion: frontdesk.dev/v1alpha1
kind: BookingPolicy
metadata: {name: always}
spec:
  hours:
    - days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun]
      spans: [{from: "08:00", to: "18:00"}]
  slots: {interval: 30m}
  notice: {minimum: 0s, maximumDays: 30}
---
apiVersion: frontdesk.dev/v1alpha1
kind: Tenant
metadata: {name: plain}
spec:
  displayName: Plain
  timeZone: Europe/London
  region: GB
  bookingPolicyRef: {name: always}
  resources: [{id: desk, kind: Staff, name: The desk}]
  services: [{id: visit, name: Visit, duration: 30m, requires: [{anyOf: [desk]}]}]
`

// busy lets a tenant be asked all the time: the usual limit is meant for people.
const busy = "  access: {rateLimit: {requestsPerMinute: 100000, burst: 10000}}\n"

// tenancy is one tenant of one test.
type tenancy struct {
	*site
	t               *testing.T
	namespace, name string
}

// newNamespace makes a namespace for one test. It goes with the cluster.
func (s *site) newNamespace(t *testing.T) string {
	t.Helper()
	name := "e2e-" + strings.ToLower(rand.Text()[:8])
	if err := s.kubectl.EnsureNamespace(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	return name
}

// newTenancy is a tenant that is not there yet, in a namespace of its own.
func (s *site) newTenancy(t *testing.T, name string) tenancy {
	t.Helper()
	return tenancy{site: s, t: t, namespace: s.newNamespace(t), name: name}
}

// newPlainTenant applies plainTenant, with more lines in its spec, in a namespace of its own and waits until it is Ready.
func newPlainTenant(t *testing.T, more ...string) tenancy {
	t.Helper()
	tenant := suite.newTenancy(t, "plain")
	tenant.apply(plainTenant + strings.Join(more, ""))
	tenant.awaitReady()
	return tenant
}

func (s tenancy) apply(manifest string) {
	s.t.Helper()
	if err := s.kubectl.Apply(s.t.Context(), s.namespace, manifest); err != nil {
		s.t.Fatal(err)
	}
}

// patch merges a change into an object of the namespace.
func (s tenancy) patch(kindAndName, change string) {
	s.t.Helper()
	if _, err := s.kubectl.Run(s.t.Context(), "patch", "-n", s.namespace, kindAndName, "--type=merge", "-p", change); err != nil {
		s.t.Fatal(err)
	}
}

func (s tenancy) awaitReady() {
	s.t.Helper()
	if err := s.kubectl.WaitFor(s.t.Context(), s.namespace, "tenant/"+s.name, "condition=Ready", readyTimeout); err != nil {
		said, _ := s.kubectl.Run(context.WithoutCancel(s.t.Context()), "describe", "-n", s.namespace, "tenant/"+s.name)
		logs, _ := s.kubectl.Run(context.WithoutCancel(s.t.Context()), "logs", "-n", s.namespace, "deployment/"+walkthrough.NameOf(s.name), "--tail=20")
		s.t.Fatalf("%v\n%s\n%s", err, said, logs)
	}
}

func (s tenancy) get() *v1alpha1.Tenant {
	s.t.Helper()
	tenant := &v1alpha1.Tenant{}
	if err := s.kubectl.Get(s.t.Context(), s.namespace, "tenant/"+s.name, tenant); err != nil {
		s.t.Fatal(err)
	}
	return tenant
}

// awaitCondition waits until a condition has a status, and one of the reasons if any are given, for the newest
// generation and returns it.
func (s tenancy) awaitCondition(conditionType v1alpha1.ConditionType, status metav1.ConditionStatus, reasons ...v1alpha1.ConditionReason) metav1.Condition {
	s.t.Helper()
	var found metav1.Condition
	eventually(s.t, time.Minute, func() error {
		tenant := s.get()
		condition := meta.FindStatusCondition(tenant.Status.Conditions, string(conditionType))
		switch {
		case condition == nil:
			return fmt.Errorf("no condition %s", conditionType)
		case condition.Status != status || condition.ObservedGeneration != tenant.Generation,
			len(reasons) > 0 && !slices.Contains(reasons, v1alpha1.ConditionReason(condition.Reason)):
			return fmt.Errorf("%s=%s (%s, generation %d of %d): %s", conditionType, condition.Status, condition.Reason, condition.ObservedGeneration, tenant.Generation, condition.Message)
		}
		found = *condition
		return nil
	})
	return found
}

// awaitOtherRevision waits until all servers serve another revision than the former, and the newest.
func (s tenancy) awaitOtherRevision(former string) {
	s.t.Helper()
	eventually(s.t, time.Minute, func() error {
		if now := s.get().Status.Revision; now == nil || now.Served == former || now.Served != now.Desired {
			return fmt.Errorf("after %s, the revisions of %s are %+v", former, s.name, now)
		}
		return nil
	})
}

// watch begins to look for an object at once, and returns what waits for it. It is told as soon as there is one.
func (s tenancy) watch(kind, name string) (await func()) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	found, seen := io.Pipe()
	s.t.Cleanup(func() {
		cancel()
		_ = found.Close()
	})
	go func() {
		_ = seen.CloseWithError(s.kubectl.Commands.Stream(ctx, seen, s.kubectl.Program, "get", "-n", s.namespace, kind, "--watch", "-o", "name"))
	}()
	return func() {
		s.t.Helper()
		lines := bufio.NewScanner(found)
		for lines.Scan() {
			if strings.HasSuffix(lines.Text(), "/"+name) {
				return
			}
		}
		s.t.Fatalf("no %s %s has come: %v", kind, name, lines.Err())
	}
}

// api reaches the tenant through its Service with its generated key.
func (s tenancy) api() *walkthrough.API {
	s.t.Helper()
	api, _, err := s.demo.Connect(s.t.Context(), s.namespace, s.name)
	if err != nil {
		s.t.Fatal(err)
	}
	return api
}

// slots lists free starts of a service from a day ahead, within two weeks.
func slots(t *testing.T, api *walkthrough.API, service string) []walkthrough.Slot {
	t.Helper()
	from := time.Now().Add(24 * time.Hour)
	found, err := api.Slots(t.Context(), service, from, from.AddDate(0, 0, 12))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no slot for %s within twelve days", service)
	}
	return found
}

func book(t *testing.T, api *walkthrough.API, service string, start time.Time, customer walkthrough.Customer) walkthrough.Booking {
	t.Helper()
	made, err := api.Book(t.Context(), rand.Text(), service, start, customer)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// customer returns the n-th of many different people.
func customer(n int) walkthrough.Customer {
	return walkthrough.Customer{Name: fmt.Sprintf("Person %d", n), Phone: fmt.Sprintf("+442079460%03d", n)}
}

// wantRefusal fails unless err is the API's refusal with this status and code.
func wantRefusal(t *testing.T, err error, status int, code string) {
	t.Helper()
	var refused *walkthrough.Refusal
	if !errors.As(err, &refused) {
		t.Fatalf("want %d %s, got %v", status, code, err)
	}
	if refused.Status != status || refused.Code != code {
		t.Fatalf("want %d %s, got %v", status, code, refused)
	}
}

func wantSlotTaken(t *testing.T, err error) {
	t.Helper()
	wantRefusal(t, err, http.StatusConflict, "SLOT_TAKEN")
}

// eventually polls until check has nothing to complain about.
func eventually(t *testing.T, patience time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still not so after %s: %v", patience, err)
		}
		time.Sleep(250 * time.Millisecond)
	}
}
