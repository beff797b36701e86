package walkthrough

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// ServicePort is the name of the port at which a tenant's Service serves the API and the dashboard.
const ServicePort = "http"

// NameOf is what everything that the operator makes for a tenant is called.
func NameOf(tenant string) string { return "frontdesk-" + tenant }

// KeySecretOf is the Secret that holds a tenant's generated API key, under KeySecretKey.
func KeySecretOf(tenant string) string { return NameOf(tenant) + "-api-key" }

// KeySecretKey is the key of that Secret.
const KeySecretKey = "key"

func (d *Demo) applyTenant(ctx context.Context) (string, error) {
	if err := d.Kubectl.EnsureNamespace(ctx, TenantNamespace); err != nil {
		return "", err
	}
	return "", d.Kubectl.ApplyFile(ctx, TenantNamespace, d.sample())
}

// sample is the file with the demo's business.
func (d *Demo) sample() string {
	return filepath.Join(d.Repository, "config", "samples", "dentist.yaml")
}

func (d *Demo) awaitTenant(ctx context.Context) (string, error) {
	return "", d.Kubectl.WaitFor(ctx, TenantNamespace, "tenant/"+Tenant, "condition=Ready", readyTimeout)
}

// Connect reaches a tenant through its Service with its generated API key.
func (d *Demo) Connect(ctx context.Context, namespace, tenant string) (api *API, lasting bool, err error) {
	key, err := d.Kubectl.SecretValue(ctx, namespace, KeySecretOf(tenant), KeySecretKey)
	if err != nil {
		return nil, false, err
	}
	address, lasting, err := d.Cluster.Forward(ctx, namespace, NameOf(tenant), ServicePort)
	if err != nil {
		return nil, false, err
	}
	return &API{Base: "http://" + address, Key: key, HTTP: &http.Client{Timeout: 30 * time.Second}}, lasting, nil
}

func (d *Demo) connect(ctx context.Context, result *Result) (_ string, err error) {
	if result.API, result.Lasting, err = d.Connect(ctx, TenantNamespace, Tenant); err != nil {
		return "", err
	}
	return result.API.Base, nil
}

// book takes the first free slot that is far enough away to be cancelled again by the policy's rules.
func (d *Demo) book(ctx context.Context, result *Result) (string, error) {
	from := time.Now().Add(48 * time.Hour)
	slots, err := result.API.Slots(ctx, Service, from, from.AddDate(0, 0, 21))
	if err != nil {
		return "", err
	}
	if len(slots) == 0 {
		return "", fmt.Errorf("the server offers no slot for %s within three weeks; look at the BookingPolicy", Service)
	}
	result.Booking, err = result.API.Book(ctx, cryptorand.Text(), Service, slots[0].Start, Customer{Name: "Ada Lovelace", Phone: phone()})
	if err != nil {
		return "", err
	}
	with := make([]string, len(result.Booking.Resources))
	for i, resource := range result.Booking.Resources {
		with[i] = resource.Name
	}
	return fmt.Sprintf("%s with %s", result.Booking.Start.Format("Mon 2 Jan 15:04"), strings.Join(with, " and ")), nil
}

// bookAgain wants the very slot for somebody else, and the same person to see them.
func (d *Demo) bookAgain(ctx context.Context, result *Result) (string, error) {
	made, err := result.API.BookWith(ctx, cryptorand.Text(), Service, result.Booking.Resources[0].ID, result.Booking.Start, Customer{Name: "Charles Babbage", Phone: phone()})
	if err == nil {
		return "", fmt.Errorf("it was booked twice: %s and %s", result.Booking.ID, made.ID)
	}
	if !errors.As(err, &result.Refused) {
		return "", err
	}
	if result.Refused.Status != http.StatusConflict || result.Refused.Code != "SLOT_TAKEN" {
		return "", fmt.Errorf("want 409 SLOT_TAKEN, got: %w", err)
	}
	times := make([]string, len(result.Refused.Details.Alternatives))
	for i, slot := range result.Refused.Details.Alternatives {
		times[i] = slot.Start.Format("Mon 15:04")
	}
	return fmt.Sprintf("%d %s; free instead: %s", result.Refused.Status, result.Refused.Code, strings.Join(times, ", ")), nil
}

func (d *Demo) cancel(ctx context.Context, result *Result) (_ string, err error) {
	cancelled, err := result.API.Cancel(ctx, cryptorand.Text(), result.Booking.ID, "demo")
	if err != nil {
		return "", err
	}
	if cancelled.Status != "cancelled" {
		return "", fmt.Errorf("booking %s is %q after it was cancelled", cancelled.ID, cancelled.Status)
	}
	result.Booking = cancelled
	return "", nil
}

// phone is a number from the range that Britain keeps for drama, so that nobody is ever called by it.
func phone() string { return fmt.Sprintf("+442079460%03d", rand.IntN(1000)) }
