//go:build e2e

package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Clients book all the time while the Secret that a Tenant names gets another login, and while the Tenant names another
// Secret. Each pod serves either within seconds, and uses no login but the new one; no request fails, and no container
// restarts.
func TestCredentialsOfOnesOwnChangeUnderBookings(t *testing.T) {
	t.Parallel()
	logins := suite.database.newLogins(t, "first", "second", "third")
	tenant := suite.newTenancy(t, "plain")
	tenant.apply(secretURL("db", logins[0].url))
	tenant.apply(busyTenant + "  database: {engine: Postgres, postgres: {urlSecretRef: {name: db, key: url}}}\n" + twoPods)
	tenant.awaitReady()
	before, servers := tenant.containers(), tenant.servers()
	if len(servers) != 2 {
		t.Fatalf("%d pods, want 2", len(servers))
	}
	tenant.apply(secretURL("other", logins[2].url))
	bookings := startBookings(t, tenant.api())
	bookings.await(bookedMeanwhile)

	for _, change := range []struct {
		name string
		make func()
		now  login
	}{
		{"the Secret has another login", func() { tenant.apply(secretURL("db", logins[1].url)) }, logins[1]},
		{"the Tenant names another Secret", func() {
			tenant.patch("tenant/"+tenant.name, `{"spec":{"database":{"postgres":{"urlSecretRef":{"name":"other"}}}}}`)
		}, logins[2]},
	} {
		former := tenant.get().Status.Revision.Served
		change.make()
		edited := time.Now()
		for _, server := range servers {
			if err := server.awaitOtherRevision(t.Context(), former, edited.Add(reachTime)); err != nil {
				t.Errorf("%s: %v", change.name, err)
				continue
			}
			t.Logf("%s: %s serves it after %s", change.name, server.pod, time.Since(edited).Round(time.Millisecond))
		}
		bookings.await(bookedMeanwhile)
		tenant.awaitOtherRevision(former)
		eventually(t, time.Minute, func() error { return suite.database.usedOnlyBy(t.Context(), change.now) })
	}
	made, failed := bookings.stop()
	t.Logf("%d bookings meanwhile", len(made))
	if failed != nil {
		t.Errorf("after %d bookings: %v", len(made), failed)
	}
	if diff := cmp.Diff(before, tenant.containers()); diff != "" {
		t.Errorf("other containers run (-before +after):\n%s", diff)
	}
	api := tenant.api()
	for _, id := range made {
		if _, err := api.Booking(t.Context(), id); err != nil {
			t.Errorf("booking %s was acknowledged and is gone: %v", id, err)
		}
	}
}

func secretURL(name, url string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData: {url: %q}\n", name, url)
}

// awaitOtherRevision waits until the server serves another revision than the former, on a database that it reaches.
func (v server) awaitOtherRevision(ctx context.Context, former string, deadline time.Time) error {
	for {
		status, err := v.status(ctx)
		switch {
		case err != nil:
		case status.Revision == former:
			err = fmt.Errorf("it serves %s as before", former)
		case !status.Database.Reachable:
			err = fmt.Errorf("of its database it says %+v", status.Database)
		default:
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not serve the change: %w", v.pod, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// login is one of several that may do the same in a database.
type login struct{ database, role, url string }

// newLogins makes a database, and roles with passwords that all act as its owner.
func (s *databaseServer) newLogins(t *testing.T, names ...string) []login {
	t.Helper()
	owner := "own_" + strings.ToLower(rand.Text()[:8])
	for _, statement := range []string{"CREATE ROLE " + owner, "CREATE DATABASE " + owner + " OWNER " + owner} {
		if err := s.exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var logins []login
	for _, name := range names {
		role, password := owner+"_"+name, rand.Text()
		for _, statement := range []string{
			fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE %s", role, password, owner),
			fmt.Sprintf("ALTER ROLE %s SET role TO %s", role, owner),
		} {
			if err := s.exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		address := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Host: suite.postgres, Path: owner, RawQuery: "sslmode=disable"}
		logins = append(logins, login{owner, role, address.String()})
	}
	return logins
}

// usedOnlyBy complains of whoever else is logged in to the login's database, and if it is not.
func (s *databaseServer) usedOnlyBy(ctx context.Context, now login) error {
	users, err := s.names(ctx, "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE datname = $1", now.database)
	if err == nil && !cmp.Equal(users, []string{now.role}) {
		err = fmt.Errorf("%q are logged in, want only %s", users, now.role)
	}
	return err
}
