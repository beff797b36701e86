//go:build e2e

package e2e

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	corev1 "k8s.io/api/core/v1"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

const (
	// clients book at the same time, each on connections of its own.
	clients = 4
	// bookedMeanwhile is how many bookings at least are made while a password is replaced, or the test shows nothing.
	bookedMeanwhile = 20
)

// Clients book through the Service all the time while the database password is replaced: no request fails, no
// container restarts, every pod goes on with the new login, and the former one ends.
func TestPasswordRotatesUnderBookings(t *testing.T) {
	t.Parallel()
	tenant := newReplicatedTenant(t)
	before, former := tenant.containers(), tenant.databaseSecret()
	if len(before) != 2 {
		t.Fatalf("%d pods, want 2", len(before))
	}
	bookings := startBookings(t, tenant.api())
	bookings.await(bookedMeanwhile)

	asked := time.Now()
	if _, err := tenant.kubectl.Run(t.Context(), "annotate", "-n", tenant.namespace, "tenant/"+tenant.name, "frontdesk.dev/rotate-database-password-at=now"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, func() error {
		stage := func(secret *corev1.Secret) string {
			return secret.Annotations["frontdesk.dev/database-serial"] + " after " + secret.Annotations["frontdesk.dev/database-retired-serial"]
		}
		if is := stage(tenant.databaseSecret()); is != "2 after 1" {
			return fmt.Errorf("the password is number %s, from %s", is, stage(former))
		}
		return nil
	})
	took := time.Since(asked)
	bookings.await(bookedMeanwhile)
	made, failed := bookings.stop()
	t.Logf("%d bookings while the password was replaced, which took %s", len(made), took.Round(time.Millisecond))
	if failed != nil {
		t.Errorf("after %d bookings: %v", len(made), failed)
	}
	if diff := cmp.Diff(before, tenant.containers()); diff != "" {
		t.Errorf("other containers run (-before +after):\n%s", diff)
	}
	tenant.usesOnly(tenant.databaseSecret(), former)
	api := tenant.api()
	for _, id := range made {
		if _, err := api.Booking(t.Context(), id); err != nil {
			t.Errorf("booking %s was acknowledged and is gone: %v", id, err)
		}
	}
}

// databaseSecret is the Secret with the tenant's credential for people.
func (s tenancy) databaseSecret() *corev1.Secret {
	s.t.Helper()
	secret := &corev1.Secret{}
	if err := s.kubectl.Get(s.t.Context(), s.namespace, "secret/"+walkthrough.NameOf(s.name)+"-db", secret); err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// usesOnly fails unless every pod is logged in with the new credential and nobody can with the former.
func (s tenancy) usesOnly(now, former *corev1.Secret) {
	s.t.Helper()
	revision := s.get().Status.Revision
	for _, server := range s.servers() {
		status, err := server.status(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if status.Revision != revision.Desired || !status.Database.Reachable {
			s.t.Errorf("%s serves %s, want %s; its database: %+v", server.pod, status.Revision, revision.Desired, status.Database)
		}
	}
	logins, err := suite.database.names(s.t.Context(),
		"SELECT DISTINCT usename::text FROM pg_stat_activity WHERE starts_with(datname, $1)", prefixOf(s.namespace))
	if err != nil {
		s.t.Fatal(err)
	}
	if diff := cmp.Diff([]string{string(now.Data["username"])}, logins); diff != "" {
		s.t.Errorf("who is logged in (-want +got):\n%s", diff)
	}
	if err := tryLogin(s.t.Context(), string(now.Data["url"])); err != nil {
		s.t.Errorf("the new login: %v", err)
	}
	var refusal *pgconn.PgError
	if err := tryLogin(s.t.Context(), string(former.Data["url"])); !errors.As(err, &refusal) || !strings.HasPrefix(refusal.Code, "28") {
		s.t.Errorf("the former login is not refused: %v", err)
	}
}

func tryLogin(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// bookings are clients that book until they are stopped. None asks twice: whatever fails is a failure.
type bookings struct {
	t      *testing.T
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	made   []string
	failed error
}

func startBookings(t *testing.T, api *walkthrough.API) *bookings {
	t.Helper()
	starts := slots(t, api, "visit")
	ctx, cancel := context.WithCancel(t.Context())
	b := &bookings{t: t, cancel: cancel}
	t.Cleanup(cancel)
	for client := range clients {
		// Each request comes on a connection of its own, so that the Service sends it to either pod.
		own := *api
		own.HTTP = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		b.done.Go(func() {
			for n := client; ctx.Err() == nil && b.book(ctx, &own, starts[n%len(starts)].Start, n); n += clients {
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Millisecond): // a steady trickle: the machine has other things to do
				}
			}
		})
	}
	return b
}

// book makes one booking and says whether to go on.
func (b *bookings) book(ctx context.Context, api *walkthrough.API, start time.Time, n int) bool {
	made, err := api.Book(ctx, rand.Text(), "visit", start, customer(n%1000))
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		b.made = append(b.made, made.ID)
	case ctx.Err() == nil && b.failed == nil:
		b.failed = err
	}
	return err == nil
}

// await waits until so many more bookings have been made.
func (b *bookings) await(more int) {
	b.t.Helper()
	goal := b.count() + more
	eventually(b.t, time.Minute, func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.failed == nil && len(b.made) < goal {
			return fmt.Errorf("%d bookings, want %d", len(b.made), goal)
		}
		return nil
	})
}

func (b *bookings) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.made)
}

// stop ends the clients and returns the bookings that were acknowledged and the first failure.
func (b *bookings) stop() (made []string, failed error) {
	b.cancel()
	b.done.Wait()
	return b.made, b.failed
}
