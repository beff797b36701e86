// Package bookingapi speaks to one tenant's HTTP API (/api/v1), as far as the plugin needs it. The shapes
// are those of the server's OpenAPI description; fields that are not used here are left out.
package bookingapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 8 << 20

// Client calls the API with an API key.
type Client struct {
	// Base is the address without a path, such as http://127.0.0.1:41233.
	Base string
	Key  string
	HTTP *http.Client
}

// Refusal is an answer of the API that says no. It says what to do instead.
type Refusal struct {
	Status  int     `json:"-"`
	Message string  `json:"error"`
	Code    string  `json:"code"`
	Details Details `json:"details"`
}

// Details are the facts of a refusal that the plugin shows.
type Details struct {
	Alternatives []Slot `json:"alternatives,omitempty"`
	Fields       []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"fields,omitempty"`
}

// Error names the code and the fields.
func (r *Refusal) Error() string {
	text := r.Code + ": " + r.Message
	for _, field := range r.Details.Fields {
		if !strings.Contains(text, field.Message) {
			text += fmt.Sprintf(" (%s: %s)", field.Field, field.Message)
		}
	}
	return text
}

// Slot is a start that can be booked.
type Slot struct {
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
	Resources  []string  `json:"resources"`
	PlacesLeft int       `json:"placesLeft"`
}

// Slots is the answer to a question for slots.
type Slots struct {
	TimeZone string `json:"timeZone"`
	Slots    []Slot `json:"slots"`
	More     bool   `json:"more"`
}

// Service is what can be booked.
type Service struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Duration string `json:"duration"`
}

// Wish is a booking that is wanted.
type Wish struct {
	Service  string    `json:"service"`
	Resource string    `json:"resource,omitempty"`
	Start    time.Time `json:"start"`
	Customer Customer  `json:"customer"`
	Notes    string    `json:"notes,omitempty"`
}

// Customer is the person a booking is for.
type Customer struct {
	Name  string `json:"name"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
}

// Booking is one appointment.
type Booking struct {
	ID         string    `json:"id"`
	Status     string    `json:"status"`
	Service    Named     `json:"service"`
	Resources  []Named   `json:"resources"`
	Customer   Customer  `json:"customer"`
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
	TimeZone   string    `json:"timeZone"`
	LocalStart string    `json:"localStart"`
}

// Named is something with an id and a name.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Key is an API key. Secret is there only in the answer that made it.
type Key struct {
	Secret        string     `json:"key,omitempty"`
	ID            string     `json:"id"`
	Name          string     `json:"name"`
	Scopes        []string   `json:"scopes"`
	Source        string     `json:"source"`
	CreatedAt     *time.Time `json:"createdAt,omitempty"`
	ExpiresAt     *time.Time `json:"expiresAt,omitempty"`
	LastUsedAt    *time.Time `json:"lastUsedAt,omitempty"`
	RevokedAt     *time.Time `json:"revokedAt,omitempty"`
	PreviousUntil *time.Time `json:"previousSecretUntil,omitempty"`
}

// Services lists what can be booked.
func (c *Client) Services(ctx context.Context) ([]Service, error) {
	var answer struct {
		Services []Service `json:"services"`
	}
	err := c.call(ctx, http.MethodGet, "/api/v1/services", "", nil, &answer)
	return answer.Services, err
}

// Slots lists free starts. from and to are dates or RFC 3339 times, both optional; limit bounds the list.
func (c *Client) Slots(ctx context.Context, service, resource, from, to string, limit int) (Slots, error) {
	query := url.Values{"service": {service}, "limit": {strconv.Itoa(limit)}}
	for name, value := range map[string]string{"resource": resource, "from": from, "to": to} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var answer Slots
	err := c.call(ctx, http.MethodGet, "/api/v1/slots?"+query.Encode(), "", nil, &answer)
	return answer, err
}

// Book makes an appointment. The same idempotencyKey has one effect.
func (c *Client) Book(ctx context.Context, idempotencyKey string, wish Wish) (Booking, error) {
	var booking Booking
	err := c.call(ctx, http.MethodPost, "/api/v1/bookings", idempotencyKey, wish, &booking)
	return booking, err
}

// Keys lists every key.
func (c *Client) Keys(ctx context.Context) ([]Key, error) {
	var answer struct {
		Keys []Key `json:"keys"`
	}
	err := c.call(ctx, http.MethodGet, "/api/v1/keys", "", nil, &answer)
	return answer.Keys, err
}

// CreateKey makes a key that ends at expires; nil means never.
func (c *Client) CreateKey(ctx context.Context, name string, scopes []string, expires *time.Time) (Key, error) {
	wish := map[string]any{"name": name, "scopes": scopes}
	if expires != nil {
		wish["expiresAt"] = expires
	}
	var key Key
	err := c.call(ctx, http.MethodPost, "/api/v1/keys", "", wish, &key)
	return key, err
}

// RotateKey gives a key a new secret. The old one stays good for overlap, such as 24h; empty ends it at once.
func (c *Client) RotateKey(ctx context.Context, id, overlap string) (Key, error) {
	wish := map[string]any{}
	if overlap != "" {
		wish["overlap"] = overlap
	}
	var key Key
	err := c.call(ctx, http.MethodPost, "/api/v1/keys/"+url.PathEscape(id)+"/rotate", "", wish, &key)
	return key, err
}

// RevokeKey ends a key for good.
func (c *Client) RevokeKey(ctx context.Context, id string) (Key, error) {
	var key Key
	err := c.call(ctx, http.MethodPost, "/api/v1/keys/"+url.PathEscape(id)+"/revoke", "", nil, &key)
	return key, err
}

// call sends one request. A refusal comes back as *Refusal.
func (c *Client) call(ctx context.Context, method, path, idempotencyKey string, body, data any) error {
	var payload io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		payload = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Base+path, payload)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header.Set("X-API-Key", c.Key)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if idempotencyKey != "" {
		request.Header.Set("Idempotency-Key", idempotencyKey)
	}
	answer, err := c.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		refusal := &Refusal{Status: answer.StatusCode}
		if err := json.Unmarshal(content, refusal); err != nil || refusal.Code == "" {
			return fmt.Errorf("%s %s: the server answered %s", method, path, answer.Status)
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
