package walkthrough

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// API is a customer's program: it speaks to one tenant's HTTP API with an API key.
type API struct {
	// Base is the address without a path, such as http://127.0.0.1:41233.
	Base string
	Key  string
	HTTP *http.Client
}

// Slot is a start that can be booked.
type Slot struct {
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
	Resources  []string  `json:"resources"`
	PlacesLeft int       `json:"placesLeft"`
}

// Customer is the person a booking is for.
type Customer struct {
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
}

// Booking is one appointment, as far as the walkthrough looks at it.
type Booking struct {
	ID        string        `json:"id"`
	Status    string        `json:"status"`
	Start     time.Time     `json:"start"`
	Place     int           `json:"place"`
	Resources []ResourceRef `json:"resources"`
}

// ResourceRef names what a booking occupies.
type ResourceRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Refusal is an answer of the API that says no.
type Refusal struct {
	Status  int    `json:"-"`
	Message string `json:"error"`
	Code    string `json:"code"`
	Details struct {
		Alternatives []Slot `json:"alternatives"`
		Fields       []struct {
			Field string `json:"field"`
		} `json:"fields"`
	} `json:"details"`
}

func (r *Refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Message) }

// Slots lists free starts of a service within a window.
func (a *API) Slots(ctx context.Context, service string, from, to time.Time) ([]Slot, error) {
	query := url.Values{"service": {service}, "from": {from.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)}}
	var answer struct {
		Slots []Slot `json:"slots"`
	}
	err := a.call(ctx, http.MethodGet, "/api/v1/slots?"+query.Encode(), "", nil, &answer)
	return answer.Slots, err
}

// Book makes an appointment with whoever is free. A repeated call with the same idempotencyKey returns the
// first one's booking.
func (a *API) Book(ctx context.Context, idempotencyKey, service string, start time.Time, customer Customer) (Booking, error) {
	return a.BookWith(ctx, idempotencyKey, service, "", start, customer)
}

// BookWith makes an appointment with one resource; with any when resource is empty.
func (a *API) BookWith(ctx context.Context, idempotencyKey, service, resource string, start time.Time, customer Customer) (Booking, error) {
	request := map[string]any{"service": service, "start": start.Format(time.RFC3339), "customer": customer}
	if resource != "" {
		request["resource"] = resource
	}
	var booking Booking
	err := a.call(ctx, http.MethodPost, "/api/v1/bookings", idempotencyKey, request, &booking)
	return booking, err
}

// Booking reads an appointment.
func (a *API) Booking(ctx context.Context, id string) (Booking, error) {
	var booking Booking
	err := a.call(ctx, http.MethodGet, "/api/v1/bookings/"+url.PathEscape(id), "", nil, &booking)
	return booking, err
}

// Cancel calls an appointment off.
func (a *API) Cancel(ctx context.Context, idempotencyKey, id, reason string) (Booking, error) {
	var booking Booking
	err := a.call(ctx, http.MethodPost, "/api/v1/bookings/"+url.PathEscape(id)+"/cancel", idempotencyKey, map[string]string{"reason": reason}, &booking)
	return booking, err
}

// call sends one request. A refusal comes back as *Refusal.
func (a *API) call(ctx context.Context, method, path, idempotencyKey string, body, data any) error {
	var payload io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		payload = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.Base+path, payload)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header.Set("X-API-Key", a.Key)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if idempotencyKey != "" {
		request.Header.Set("Idempotency-Key", idempotencyKey)
	}
	answer, err := a.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		refusal := &Refusal{Status: answer.StatusCode}
		if err := json.Unmarshal(content, refusal); err != nil || refusal.Code == "" {
			return fmt.Errorf("%s %s: status %d with a body that is no error of the API: %.200q", method, path, answer.StatusCode, content)
		}
		return refusal
	}
	if err := json.Unmarshal(content, &struct {
		Data any `json:"data"`
	}{data}); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
